"""What is written is the owner's alone, and no process that llmtui starts may connect."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from llmtui.workspace.private import OFFLINE
from tests.test_command_line import llmtui


def test_folders_are_0700_and_files_0600(shop: Path, home: Path, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("a\n1\n")
    before = os.umask(0o022)
    try:
        assert llmtui("sql", csv, "SELECT * FROM t").returncode == 0
        assert llmtui("instructions", "build", shop, "--rows", "50").returncode == 0
        assert llmtui("sql", shop, "SELECT 1", "--exclude", "orders").returncode == 0
    finally:
        os.umask(before)
    made = [home, *home.rglob("*")]
    assert len(made) > 6
    open_to_others = [
        (str(path), oct(stat.S_IMODE(path.stat().st_mode)))
        for path in made
        if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


CHILDREN = {
    "command line": "from llmtui.tui.cli import run; run(['paths', '--json'])",
    "training": "import runpy, sys; sys.argv = ['x', '/nowhere']\n"
    "try: runpy.run_module('llmtui.trainer', run_name='__main__')\nexcept SystemExit: pass",
    "queries": "import io, sys; sys.stdin = open('/dev/null')\n"
    "from llmtui.database import worker\n"
    "try: worker.main()\nexcept ValueError: pass",
}


@pytest.mark.parametrize("name", CHILDREN)
def test_every_process_is_offline_before_it_imports_a_library_that_could_connect(name: str) -> None:
    code = f"""{CHILDREN[name]}
import json, os, sys
early = [m for m in ("huggingface_hub", "transformers", "datasets", "torch") if m in sys.modules]
print(json.dumps([early, [v for v in {OFFLINE!r} if os.environ.get(v) != "1"]]), file=sys.stderr)
"""
    environment = {k: v for k, v in os.environ.items() if k not in (*OFFLINE, "CI")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert json.loads(done.stderr.strip().splitlines()[-1]) == [[], []], done.stderr
