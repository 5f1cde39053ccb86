"""Words of identifiers from English to Chinese and back, by the glossary."""

from __future__ import annotations

from collections import Counter
from functools import cache

from llmtui.database.keys import singular
from llmtui.trainer.instructions.naming import HAN, is_participle
from llmtui.trainer.instructions.templates import data


@cache
def glossary_words(*parts: str) -> dict[str, tuple[str, ...]]:
    """English word or phrase → Chinese words; the first part that has it counts."""
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for word, chinese in data("glossary")[part].items():
            found.setdefault(word, tuple(chinese.split()))
    return found


def translated(english: str) -> tuple[str, ...]:
    """Chinese for an English phrase: the longest known pieces; unknown words stay English.

    A second way is given when a piece has another word.
    """
    glossary, parts, found = glossary_words("columns", "nouns"), english.split(), []
    if parts[0] in ("is", "has") and len(parts) > 1:
        mark = "是否" if parts[0] == "is" else "是否有"
        said = [way.removeprefix("是否") for way in translated(" ".join(parts[1:]))]
        return tuple(mark + way for way in said) if HAN.search(said[0]) else (english,)
    if english not in glossary:
        if len(parts) > 2 and parts[:2] == ["number", "of"]:
            return tuple(
                f"{way.removesuffix('数')}数" for way in translated(singular(" ".join(parts[2:])))
            )
        parts = _in_chinese_order(parts)
    place = 0
    while place < len(parts):
        for end in range(len(parts), place, -1):
            phrase = " ".join(parts[place:end])
            last = " ".join([*parts[place : end - 1], singular(parts[end - 1])])
            known = glossary.get(phrase) or glossary.get(last)
            if known:
                found.append(known)
                place = end
                break
        else:
            found.append((parts[place],))
            place += 1
    ways = unique(["".join(words[0] for words in found), "".join(words[-1] for words in found)])
    return ways if HAN.search(ways[0]) else (english,)


_BOUNDS = {"from": "start", "to": "end"}


def _in_chinese_order(parts: list[str]) -> list[str]:
    """What is said of a thing stands before it: "date supplied from" → "supplied start date"."""
    if "of" in parts[1:-1]:
        place = parts.index("of")
        return [*parts[place + 1 :], *parts[:place]]
    unit = next((part for part in parts if part in ("date", "time")), "")
    if unit and parts[-1] in _BOUNDS:
        rest = [part for part in parts[:-1] if part != unit]
        return [*rest, _BOUNDS[parts[-1]], unit]
    last, stated = parts[-1], parts[0] in ("is", "has", "was")
    done = is_participle(last)
    return [last, *parts[:-1]] if len(parts) > 1 and done and not stated else parts


def in_chinese(english: str) -> str:
    """Chinese for an English word of columns or tables, '' when it is not known."""
    chinese = translated(english)[0]
    return chinese if HAN.search(chinese) else ""


@cache
def _words() -> dict[str, str]:
    """Chinese word → English: one of which it is the usual Chinese, the commonest in names."""
    pairs = [pair for part in ("columns", "nouns") for pair in data("glossary")[part].items()]
    often = Counter(word for english, _ in pairs for word in english.split())
    found: dict[str, tuple[tuple[int, int, int], str]] = {}
    for english, chinese in pairs:
        common = min(often[word] for word in english.split())
        for place, word in enumerate(chinese.split()):
            rank = (place, -common, len(english))
            if word not in found or rank < found[word][0]:
                found[word] = (rank, english)
    usual: dict[str, str] = data("glossary")["english"]
    return {word: english for word, (_, english) in found.items()} | usual


@cache
def in_english(chinese: str) -> str:
    """ "customer id" for 客户编号: the fewest known words that make it up; '' when they do not."""
    for mark, english in (("是否有", "has "), ("是否", "is ")):
        if chinese.startswith(mark) and (rest := in_english(chinese.removeprefix(mark))):
            return english + rest
    words = _words()
    best: list[list[str] | None] = [[]] + [None] * len(chinese)
    for end in range(1, len(chinese) + 1):
        for start in range(end):
            before, word = best[start], words.get(chinese[start:end])
            found = best[end]
            if before is None or word is None or (found and len(found) <= len(before) + 1):
                continue
            best[end] = [*before, word]
    return " ".join(best[-1] or ())


def unique(texts: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text and text.strip()))
