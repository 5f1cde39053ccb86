import pytest

from llmtui.trainer.finetune.batches import Example, encode, plan_batches
from llmtui.trainer.finetune.checkpoint import State
from llmtui.trainer.finetune.config import RunConfig, load_config
from llmtui.trainer.finetune.pace import Pace, learning_rate
from llmtui.trainer.prompt import Prompt, prompt_from_identity, prompt_of_base
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.records import Instruction


def letters(text: str, control: bool) -> list[int]:
    return [-len(text)] if control else [ord(character) for character in text]


def test_a_prompts_identity_brings_it_back() -> None:
    for template in ("chatml", "gemma"):
        for schema in ("weights", "prompt"):
            prompt = Prompt(template, schema)
            assert prompt_from_identity(prompt.identity) == prompt


@pytest.mark.parametrize("identity", ["", "chatml/weights/999", "alpaca/weights/1"])
def test_an_unknown_prompt_is_refused(identity: str) -> None:
    with pytest.raises(ModelError, match="does not know"):
        prompt_from_identity(identity)


def test_the_chat_format_is_seen_from_template_or_vocabulary() -> None:
    assert prompt_of_base("{{'<|im_start|>'}}", lambda _: False, "weights").template == "chatml"
    assert prompt_of_base("", lambda text: "turn" in text, "weights").template == "gemma"
    with pytest.raises(ModelError, match="Choose another base"):
        prompt_of_base("", lambda _: False, "weights")


def test_only_the_answer_and_its_end_are_learnt() -> None:
    row = Instruction("1", "q", "SELECT 1")
    example = encode(row, Prompt("chatml"), letters)
    answer = example.tokens[example.answer :]
    assert answer == (*map(ord, "SELECT 1"), -len("<|im_end|>"))


def test_every_row_is_in_one_batch_of_an_epoch_and_the_order_is_fixed() -> None:
    rows = [Instruction(str(i), "q" * (1 + i % 9), "S") for i in range(100)]
    examples = [encode(row, Prompt("chatml"), letters) for row in rows]
    for epoch in (0, 1):
        batches = plan_batches(examples, 8, 7, epoch)
        assert sorted(i for batch in batches for i in batch) == list(range(100))
        assert batches == plan_batches(examples, 8, 7, epoch)


def test_the_learning_rate_warms_up_and_falls_to_nothing() -> None:
    config = RunConfig("b", "i", learning_rate=1.0, warmup=10)
    rates = [learning_rate(config, State(step=step, total=100)) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == 1.0
    assert rates[-1] < 0.02


def test_the_number_of_steps_fits_the_time() -> None:
    pace, state = Pace(), State(total=1000)
    for _ in range(20):
        state.step += 1
        state.seconds += pace.timed(2.0)
        state.total = pace.plan(state, 120.0, 1000)
    assert 55 <= state.total <= 61
    assert pace.plan(state, 1e9, 300) <= 300


def test_a_run_file_comes_back_and_a_bad_one_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    config = RunConfig("b.gguf", "i.jsonl", minutes=1.5)
    config.save(tmp_path)
    assert load_config(tmp_path) == config
    (tmp_path / "run.toml").write_text("nonsense = 1\n")
    with pytest.raises(UsageError, match="Not a valid run"):
        load_config(tmp_path)
    with pytest.raises(UsageError, match=r"no run\.toml"):
        load_config(tmp_path / "other")


def test_hints_stand_after_the_question_in_training_and_in_asking_alike() -> None:
    prompt, hints = Prompt("chatml"), ("genre.name = 'Rock'", "album.title = 'Rock'")
    text = prompt.pieces("rock albums ", hints=hints)[1].text
    assert text == "rock albums\n# genre.name = 'Rock'\n# album.title = 'Rock'"
    rows = [Instruction(str(i), "rock albums", "SELECT 1", hints=hints) for i in range(200)]
    examples = [encode(row, prompt, letters) for row in rows]
    asked = tuple(prompt.tokens(letters, "rock albums", hints=hints))
    same = [example.tokens[: example.answer] == asked for example in examples]
    assert 0.8 < sum(same) / len(same) < 1


def test_a_model_of_the_first_prompt_is_asked_without_hints() -> None:
    first = prompt_from_identity("chatml/weights/1")
    assert first.pieces("rock", hints=("genre.name = 'Rock'",)) == first.pieces("rock")
    assert first.identity == "chatml/weights/1"


def test_rows_that_are_asked_with_one_schema_stay_together_in_every_epoch() -> None:
    examples = [Example((1, 2, i), 2, group=i // 12) for i in range(120)]
    for epoch in (0, 1):
        batches = plan_batches(examples, 8, 7, epoch)
        assert sorted(i for batch in batches for i in batch) == list(range(120))
        assert all(len({examples[i].group for i in batch}) == 1 for batch in batches)
        assert len(batches) <= 25
