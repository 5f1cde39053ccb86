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
_LIKE = 0.6
_MOST = 3


def what_is_lacking(question: str, database: Database) -> str:
    """A sentence that names the words of a question which no table, column or value has, with the
    nearest names; '' when there are none. Chinese words are not told apart, so none of them is."""
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
    """What tables and columns are called, in all the words that people have for them."""
    from llmtui.trainer.instructions.things import thing_of

    found: set[str] = set()
    for table in schema.tables:
        thing = thing_of(table, set())
        said = [thing.words, *(field.words for field in thing.fields)]
        found |= {word.lower() for words in said for word in (*words.en, *words.whole.en)}
    return frozenset(found)


def _form_of(word: str, known: set[str]) -> bool:
    """Whether a word is another form of a known one: "shipped" of "ship"."""
    stem = word[: max(_SHORTEST, len(word) - 3)]
    return any(other.startswith(stem) for other in known)
