"""What PyTorch says, written down so that the exported file can be held to it without PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from llmtui.trainer.finetune.model import tokenizer_of
from llmtui.trainer.prompt import Prompt

_STRINGS = (
    "SELECT COUNT(*) FROM t WHERE a >= 3.5 AND b <> 'x''y'", "  two  spaces\tand a tab\n",
    "naïve café Ångström", "你好，世界！", "查询工资大于5000的员工", "12345 67,890 3.14e-7",
    "emoji 😀👍🏽 and ﬁ ligature", "<|im_end|> is text here", "CamelCase snake_case kebab-case",
    "ALTER_2 \"quoted id\" `tick`", "日本語 한국어 العربية עברית", "…—“”‘’", "", " ", "a", "\n\n",
)  # fmt: skip


@torch.no_grad()
def record(
    model: Any, tokenizer: Any, prompt: Prompt, questions: list[str], most_tokens: int = 96
) -> dict[str, Any]:
    """Token ids of about a hundred strings and greedy answers to `questions`.

    Returns {"strings": [[text, ids]], "answers": [{"prompt": ids, "answer": ids}]}.
    """
    tokenize = tokenizer_of(tokenizer)
    texts = list(dict.fromkeys([*_STRINGS, *questions, *_pieces(questions)]))[:100]
    prompts = [prompt.tokens(tokenize, question) for question in questions]
    end = set(tokenize(prompt.end, True)) | {tokenizer.eos_token_id}
    model.eval()
    answers = greedy(model.get_base_model(), prompts, end, most_tokens)
    return {
        "strings": [[text, tokenize(text, False)] for text in texts],
        "answers": [
            {"prompt": ids, "answer": answer} for ids, answer in zip(prompts, answers, strict=True)
        ],
    }


def _pieces(questions: list[str]) -> list[str]:
    """Word pairs of the questions: more strings of the language at hand."""
    words = [question.split() for question in questions]
    return [" ".join(w[i : i + 2]) for w in words for i in range(0, len(w), 2)]


@torch.no_grad()
def greedy(model: Any, prompts: list[list[int]], end: set[int], most: int) -> list[list[int]]:
    """Greedy continuations without the end token, one prompt at a time over a KV cache."""
    answers: list[list[int]] = []
    for ids in prompts:
        answer: list[int] = []
        fed, cache = torch.tensor([ids]), None
        while len(answer) < most:
            out = model(input_ids=fed, past_key_values=cache, use_cache=True, logits_to_keep=1)
            token = int(out.logits[0, -1].argmax())
            if token in end:
                break
            answer.append(token)
            fed, cache = torch.tensor([[token]]), out.past_key_values
        answers.append(answer)
    return answers
