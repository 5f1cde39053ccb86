"""What a question speaks of that a database knows nothing about."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from llmtui.database.execute import Database
from llmtui.database.fold import tokens
from llmtui.database.keys import singular
from llmtui.database.link import without
from llmtui.database.schema import Schema
from llmtui.database.vocabulary import question_words

_SHORTEST = 4
"""Letters of a word that is told; shorter ones mostly hold a sentence together."""
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "live come belong cost work stay make made take taken want given been could would should "
        "start end begin happen exist contain whose twice within onto across",
    )
)
_MEANING = frozenset(["done", "off", "own", "unique", "under", "last"])
"""Of the words that any question may have, those that may also stand for a value."""
_HAN_THING = re.compile(
    r"的(?:所有|全部|平均|具体)?([\u3400-\u9fff]{2,5}?)"
    r"(?:都|各|分别)*(?:[是为](?:什么|多少|哪.*|几.*|啥)?|(?:有哪|有多|有几|多少|怎么).*|[呢吗])?"
    r"(?=\s*$|[^\w\s]|[和及跟])"
)
"""What is asked for of something: 血型 in 客户的血型是什么. It stands between 的 and the end."""
_HAN_COMMON = re.compile(
    "[数量率比额值名字人次个位种类号时间期日年月周天季度序第前后上下中内外里大小多少高低长短先新旧早晚总均和差"
    "最哪什么谁几怎这那一二三四五六七八九十百千万亿半倍列的是有在不没]"
    "|信息|情况|详[细情]|内容|[资材]料|记录|结果|列表|清单|分布|趋势|变化|增|减|原因|方[式法]|部分|其[他它]|地[点方]"
    "|东西|排[名行]|占|状[态况]|单|消费|购|销|业绩|表现"
)
"""What Chinese questions have about anything: a word that holds such is not told."""
_LIKE = 0.6
_MOST = 3


def what_is_lacking(question: str, database: Database) -> str:
    """A sentence that names the words of a question which no table, column or value has, with the
    nearest names; '' when there are none. Chinese words are not told apart, so of these only one
    that stands where what is asked for does, and has no sign in common with any name, is told."""
    names = _names(database.schema)
    known = {singular(token.folded) for name in names for token in tokens(name)}
    known |= {singular(word) for word in question_words() | _COMMON}
    rest = without(question, database.linker.mentions(question))
    words = [
        token.text
        for token in tokens(rest)
        if not token.han
        and token.text.isalpha()
        and len(token.text) >= _SHORTEST
        and not {token.key, singular(token.folded), token.folded} & known
        and not _form_of(token.folded, known)
    ]
    signs = {sign for name in names for sign in name}
    things = [word for word in _HAN_THING.findall(rest) if not _HAN_COMMON.search(word)]
    words += [word for word in things if signs.isdisjoint(word)]
    if not words:
        return ""
    told = " or ".join(f'"{word}"' for word in dict.fromkeys(words[:_MOST]))
    near = [
        found
        for word in words[:_MOST]
        for found in difflib.get_close_matches(word.lower(), sorted(names), 1, _LIKE)
    ]
    nearest = "; nearest: " + ", ".join(f'"{name}"' for name in dict.fromkeys(near)) if near else ""
    return f"Nothing here is called {told}{nearest}."


def says_more(question: str, database: Database) -> bool:
    """Whether a question has a word that is neither the name of something here, nor a value, nor
    one that any question has: "men", "done", and any Chinese word."""
    known = {singular(token.folded) for name in _names(database.schema) for token in tokens(name)}
    known |= {singular(word) for word in (question_words() | _COMMON) - _MEANING}
    rest = tokens(without(question, database.linker.mentions(question)))
    return any(
        token.han or (token.text.isalpha() and len(token.text) > 1 and not
                      {token.key, singular(token.folded), token.folded} & known)
        for token in rest
    )  # fmt: skip


@lru_cache(maxsize=2)
def _names(schema: Schema) -> frozenset[str]:
    """What tables and columns are called, in all the words that people have for them in English and
    Chinese."""
    from llmtui.trainer.instructions.things import thing_of

    found: set[str] = set()
    for table in schema.tables:
        thing = thing_of(table, set())
        said = [thing.words, *(field.words for field in thing.fields)]
        for words in said:
            every = (*words.en, *words.whole.en, *words.zh, *words.whole.zh)
            found |= {word.lower() for word in every}
    return frozenset(found)


def _form_of(word: str, known: set[str]) -> bool:
    """Whether a word is another form of a known one: "shipped" of "ship"."""
    stem = word[: max(_SHORTEST, len(word) - 3)]
    return any(other.startswith(stem) for other in known)
