from pathlib import Path

import pytest

from llmtui.workspace.errors import StorageError
from llmtui.workspace.history import History


def test_questions_are_kept_in_order_with_their_verdict(tmp_path: Path) -> None:
    file = tmp_path / "p" / "history.db"
    first = History(file).add_question("谁?", "SELECT 1", "ok", "m.gguf")
    History(file).add_question("why", "", "abstained", "m.gguf")
    History(file).judge(first, "accepted")
    asked = History(file).questions()
    assert [(q.question, q.verdict) for q in asked] == [("谁?", "accepted"), ("why", "")]
    assert [q.question for q in History(file).questions(most=1)] == ["why"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_chat_and_its_messages_are_kept_and_deleted_together(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db")
    chat = history.add_chat("Hello", "Be brief.", "/m.gguf")
    other = history.add_chat("Other")
    history.add_message(chat, "user", "Hello")
    answer = history.add_message(chat, "assistant", "Hi")
    history.add_message(other, "user", "x")
    history.delete_message(answer)
    history.update_chat(chat, system="Be kind.", model="/n.gguf")
    assert [(m.role, m.text) for m in history.messages(chat)] == [("user", "Hello")]
    kept = {c.id: c for c in history.chats()}
    assert (kept[chat].system, kept[chat].model) == ("Be kind.", "/n.gguf")
    history.delete_chat(chat)
    assert [c.id for c in history.chats()] == [other]
    assert history.messages(chat) == []


def test_a_damaged_history_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    file.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StorageError, match="Move the file away"):
        History(file).questions()
