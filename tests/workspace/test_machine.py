"""Work goes after the screen that shows it."""

import os
import subprocess
import sys
import threading

import pytest

from llmtui.workspace.machine import lower_priority, step_back


def priority(of: int = 0) -> int:
    return os.getpriority(os.PRIO_PROCESS, of)


def test_a_child_goes_after_this_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lower_priority(child.pid)
        assert priority(child.pid) >= min(priority() + 1, 19)
        child.kill()
    lower_priority(child.pid)  # which has ended: nothing happens


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_a_thread_and_those_it_starts_go_after_the_main_thread() -> None:
    seen: list[int] = []

    def work() -> None:
        step_back()
        step_back()
        seen.append(priority(threading.get_native_id()))
        below = threading.Thread(target=lambda: seen.append(priority(threading.get_native_id())))
        below.start()
        below.join()

    before = priority()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert priority() == before
    assert seen == [min(before + 5, 19)] * 2
