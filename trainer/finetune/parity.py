"""What PyTorch says, written down so that the exported file can be held to it without PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from llmtui.trainer.finetune.batches import schema_of
from llmtui.trainer.finetune.model import tokenizer_of
from llmtui.trainer.prompt import Prompt
from llmtui.workspace.records import Instruction

_CONTEXTS = 12
_STRINGS = (
    "SELECT COUNT(*) FROM t WHERE a >= 3.5 AND b <> 'x''y'", "  two  spaces\tand a tab\n",
    "naïve café Ångström", "你好，世界！", "查询工资大于5000的员工", "12345 67,890 3.14e-7",
    "emoji 😀👍🏽 and ﬁ ligature", "<|im_end|> is text here", "CamelCase snake_case kebab-case",
    "ALTER_2 \"quoted id\" `tick`", "日本語 한국어 العربية עברית", "…—“”‘’", "", " ", "a", "\n\n",
)  # fmt: skip


@torch.no_grad()
def record(
    model: Any,
    tokenizer: Any,
    prompt: Prompt,
    rows: list[Instruction],
    asked: int = 24,
    most_tokens: int = 96,
    schema_text: str = "",
) -> dict[str, Any]:
    """Token ids of a hundred strings and greedy answers to the questions of the first rows.

    Returns {"strings": [[text, ids]], "answers": [{"pieces": [[text, whether it is control]] of
    the prompt, "prompt": ids, "answer": ids, "ended": whether it ended by itself}], "end": ids
    that end an answer, "eos": id, "bos": id or None, "contexts": ids up to the middle of some
    answers, where logits are compared}.
    """
    tokenize = tokenizer_of(tokenizer)
    found = [text for row in rows for text in (row.question, row.target)]
    texts = list(dict.fromkeys([*_STRINGS, *found]))[:100]
    given = [(row.question, schema_of(row, schema_text), row.hints) for row in rows[:asked]]
    prompts = [prompt.tokens(tokenize, *parts) for parts in given]
    end = set(tokenize(prompt.end, True)) | {tokenizer.eos_token_id}
    model.eval()
    answers = greedy(model, prompts, end, most_tokens)
    return {
        "strings": [[text, tokenize(text, False)] for text in texts],
        "answers": [
            {
                "pieces": [[piece.text, piece.control] for piece in prompt.pieces(*parts)],
                "prompt": ids,
                "answer": answer,
                "ended": len(answer) < most_tokens,
            }
            for parts, ids, answer in zip(given, prompts, answers, strict=True)
        ],
        "end": tokenize(prompt.end, True),
        "eos": tokenizer.eos_token_id,
        "bos": tokenizer.bos_token_id,
        "contexts": [
            ids + answer[: len(answer) // 2]
            for ids, answer in list(zip(prompts, answers, strict=True))[:_CONTEXTS]
        ],
    }


@torch.no_grad()
def logits_after(model: Any, contexts: list[list[int]]) -> torch.Tensor:
    """Logits (contexts, vocabulary) of the token after each context, fp32."""
    model.eval()
    found = [
        model(input_ids=torch.tensor([ids]), use_cache=False, logits_to_keep=1).logits[0, -1]
        for ids in contexts
    ]
    return torch.stack(found).float()


@torch.no_grad()
def greedy(model: Any, prompts: list[list[int]], end: set[int], most: int) -> list[list[int]]:
    """Greedy continuations without the end token, all prompts together, padded on the left."""
    answers: list[list[int]] = [[] for _ in prompts]
    longest = max(map(len, prompts), default=0)
    fed = torch.tensor([[0] * (longest - len(ids)) + ids for ids in prompts])
    mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts])
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    cache, going = None, list(range(len(prompts)))
    while going and len(answers[going[0]]) < most:
        out = model(
            input_ids=fed, attention_mask=mask, position_ids=places, past_key_values=cache,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        chosen = out.logits[:, -1].argmax(-1)
        going = [i for i in going if int(chosen[i]) not in end]
        for i in going:
            answers[i].append(int(chosen[i]))
        fed, cache = chosen[:, None], out.past_key_values
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=-1)
        places = places[:, -1:] + 1
    return answers
