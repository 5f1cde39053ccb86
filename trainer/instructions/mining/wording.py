"""The words beside a statement as a question, and the meaning of a name as words people say."""

from __future__ import annotations

import re

from llmtui.database.dialects import parse
from llmtui.database.text import is_hidden
from llmtui.trainer.evaluate.run import language_of
from llmtui.trainer.instructions.naming import HAN, spoken

MOST_WORDS, MOST_HAN = 40, 100
MOST_READ = 2_000
"""Characters of a comment or paragraph that are looked at."""
_FEWEST_HAN = 4
_PHRASE_WORDS, _PHRASE_HAN = 4, 8
_MARK = re.compile(
    r"^(?:[-*+•#>=]+|\(?\d{1,3}[.)、:：]|(?:q(?:uestion)?|query|name|title|desc(?:ription)?|task"
    r"|问题|查询|题目|说明|需求)\s*\d*\s*[.:：、])\s*",
    re.IGNORECASE,
)
"""What stands before the words of a comment: a bullet, a number, a label."""
_END = re.compile(r"(?<=[.?!])\s+|(?<=[。？！；])\s*|\s+[/|]\s+")
_NO_QUESTION = frozenset((
    "author", "authors", "copyright", "deprecated", "fixme", "hack", "here", "i", "it", "let",
    "license", "noqa", "note", "notes", "run", "sqlfluff", "that", "these", "this", "todo", "try",
    "use", "warning", "we", "xxx", "you",
))  # fmt: skip
"""A sentence that begins with one of these says something of the file, or leads to the query."""
_OF_THE_FILE = re.compile(
    r"(?:last )?(?:created|date|disable|dialect|enable|file|fmt|modified|source|updated|version)\s*"
    r"(?:[:：]|by\b|on\b)",
    re.IGNORECASE,
)
_NO_QUESTION_ZH = ("我们", "下面", "以下", "如下", "这", "接下来", "作者", "注意", "备注")
_GENERIC = frozenset((
    "a", "an", "and", "answer", "as", "below", "code", "command", "data", "example", "examples",
    "following", "follows", "for", "is", "it", "main", "output", "queries", "query", "report",
    "reports", "result", "results", "run", "schema", "see", "setup", "solution", "sql", "step",
    "table", "tables", "test", "the", "then", "this", "to", "tmp", "use", "used", "useful", "using",
    "usage", "view", "views", "we", "with",
))  # fmt: skip
"""A text of nothing but these says nothing."""
_NO_MEANING = frozenset((
    "contains", "deprecated", "foreign", "has", "if", "is", "key", "not", "null", "nullable", "one",
    "pk", "fk", "primary", "ref", "reference", "references", "see", "stores", "tbd", "this", "todo",
    "unique", "unused", "used", "when", "whether",
))  # fmt: skip
_NO_MEANING_ZH = ("主键", "外键", "参见", "详见", "暂无", "自增", "唯一", "备用", "同上")
_CUT = re.compile(r"\s[-–—=]\s|[,;:.!?()\[\]{}<>，；：。！？、（）【】]")
_BOTH = re.compile(r"\s*[/|]\s*")
_ENGLISH = re.compile(r"[A-Za-z]+(?:[ '-][A-Za-z]+)*")
_CHINESE = re.compile(r"[A-Za-z\u3400-\u9fff]+")
_QUOTES = "\"'`*_“”「」『』"


def questions_in(text: str, *, nearest: bool = False) -> tuple[str, ...]:
    """What a comment, heading or paragraph asks: at most one question a language.

    A sentence with a question mark comes first; else the first sentence, or, with `nearest`, the
    last one, which stands beside what follows.
    """
    found: dict[str, list[str]] = {}
    for sentence in _sentences(text[-MOST_READ:] if nearest else text[:MOST_READ]):
        if _asks(sentence):
            found.setdefault(language_of(sentence), []).append(sentence)
    chosen = []
    for sentences in found.values():
        asked = [one for one in sentences if one.endswith(("?", "？"))]
        some = asked or sentences
        chosen.append(some[-1] if nearest else some[0])
    return tuple(chosen)


def question_of_name(name: str) -> tuple[str, ...]:
    """The name of a view as words, when it is made of several: paid_orders → "paid orders"."""
    words = [word for word in spoken(name)[0] if word not in ("v", "vw", "view", "mv")]
    text = "".join(words) if HAN.search(name) else " ".join(words)
    return (text,) if _asks(text) and not any(map(str.isdigit, text)) else ()


def phrases_in(text: str) -> tuple[str, ...]:
    """The short names that a meaning gives, at most one a language; () for prose."""
    found: dict[str, str] = {}
    for part in _BOTH.split(_shown(text[:MOST_READ])):
        head = _CUT.split(part.strip(" \t*_`"), maxsplit=1)[0].strip(_QUOTES + " ")
        phrase = _chinese(head) if HAN.search(head) else _english(head)
        if phrase:
            found.setdefault(language_of(phrase), phrase)
    return tuple(found.values())


def _sentences(text: str) -> list[str]:
    """Sentences, of lines joined as long as the language stays."""
    joined: list[str] = []
    for raw in text.splitlines():
        line, marked = _unmarked(_shown(raw))
        if not line or parse(line) is not None:
            continue  # a query that was put aside says nothing of the one below
        goes_on = joined and not marked and not joined[-1].endswith(("?", "？", "。"))
        if goes_on and language_of(joined[-1]) == language_of(line):
            joined[-1] += ("" if language_of(line) == "zh" else " ") + line
        else:
            joined.append(line)
    parts = (part for line in joined for part in _END.split(line) if part)
    return [part for part in map(_tidy, parts) if part]


def _unmarked(line: str) -> tuple[str, bool]:
    """(the line without what stands before its words, whether there was such a thing)."""
    plain = line
    while (shorter := _MARK.sub("", plain, count=1)) != plain:
        plain = shorter
    return plain.strip(), plain != line


def _tidy(sentence: str) -> str:
    """A sentence without marks around it and the stop at its end; an identifier as its words."""
    plain = sentence.strip().strip("*_`-=~# ").rstrip(" :：.。;；")
    if re.fullmatch(r"\w+", plain) and "_" in plain and not HAN.search(plain):
        return " ".join(spoken(plain)[0])
    return plain


def _shown(text: str) -> str:
    """The text on one line, without what cannot be seen."""
    return " ".join("".join(c for c in text if c.isspace() or not is_hidden(c)).split())


def _asks(sentence: str) -> bool:
    """Whether it may be what a query answers: neither SQL, nor a remark, nor a bare word."""
    han = len(HAN.findall(sentence))
    words = re.findall(r"[^\W\d_]+", sentence.lower())
    if han:
        fits = han >= _FEWEST_HAN and len(sentence) <= MOST_HAN
    else:
        fits = 2 <= len(words) <= MOST_WORDS and not set(words) <= _GENERIC
    if not fits or not words or words[0] in _NO_QUESTION or _OF_THE_FILE.match(sentence):
        return False
    if sentence.startswith(_NO_QUESTION_ZH) or "://" in sentence:
        return False
    return parse(sentence) is None


def _english(phrase: str) -> str:
    words = phrase.split()
    while words and words[0].lower() in ("the", "a", "an"):
        words = words[1:]
    plain = " ".join(word if word.isupper() else word.lower() for word in words)
    if not 1 <= len(words) <= _PHRASE_WORDS or not _ENGLISH.fullmatch(plain):
        return ""
    shouted = phrase.isupper() and len(words) == 1
    return "" if words[0].lower() in _NO_MEANING or shouted else plain


def _chinese(phrase: str) -> str:
    plain = phrase.replace(" ", "")
    fits = len(plain) <= _PHRASE_HAN and _CHINESE.fullmatch(plain)
    return plain if fits and not plain.startswith(_NO_MEANING_ZH) else ""
