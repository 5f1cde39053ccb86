"""Conditions: one comparison of one column, as SQL and as people say it."""

from __future__ import annotations

from dataclasses import dataclass

from llmtui.trainer.instructions.lexicon import Words, verb_for
from llmtui.trainer.instructions.phrases import (
    Phrase,
    date_phrase,
    number_phrase,
    pick,
    text_literal,
    value_phrase,
)
from llmtui.trainer.instructions.world import Field, World

_PLACES = ("city", "country", "location", "state", "region", "province", "continent", "county")
_KINDS = ("status", "type", "category", "gender", "sex", "level", "class", "genre", "color",
          "channel", "priority", "brand", "size", "grade", "season", "sector")  # fmt: skip
_OPERATORS = {
    ">": (("more than", "over", "above", "greater than", "higher than", "exceeding"),
          ("大于", "超过", "高于", "多于", "在{v}以上")),
    "<": (("less than", "under", "below", "lower than", "smaller than"),
          ("小于", "低于", "少于", "不到", "不足")),
    ">=": (("at least", "no less than", "{v} or more"), ("大于等于", "至少", "不低于", "不少于")),
    "<=": (("at most", "no more than", "{v} or less"), ("小于等于", "最多", "不超过", "不高于")),
    "=": (("exactly", "equal to", "of"), ("等于", "为", "是")),
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """`sql` uses the column with or without its table; the phrases say the same.

    post: after an English noun ("with a salary above 5000"); verb: as its predicate ("have a
    salary above 5000"), plural; zh: before a Chinese noun, without 的
    """

    kind: str
    item: Field
    test: str
    post: tuple[str, ...]
    verb: tuple[str, ...]
    zh: tuple[str, ...]
    adjective: Phrase | None = None

    def sql(self, *, full: bool = False) -> str:
        return self.test.replace("{c}", self.item.full if full else self.item.bare)


def number_condition(world: World, item: Field, kind: str = "") -> Condition:
    rng = world.rng
    if item.column.minimum == 0 and not kind and rng.random() < 0.15:
        return _zero_condition(item)
    sign = kind or rng.choices((">", "<", ">=", "<=", "="), (5, 4, 1.5, 1, 0.7))[0]
    value = world.number_value(item)
    said = number_phrase(value, money=item.words.money)
    english, chinese = _OPERATORS[sign]
    post, verb, zh = [], [], []
    for _ in range(5):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        number, operator = pick(rng, said.en), pick(rng, english)
        amount = operator.replace("{v}", number) if "{v}" in operator else f"{operator} {number}"
        amount = number if sign == "=" and rng.random() < 0.5 else amount
        article = "an" if column[0] in "aeiou" else "a"
        post += [f"with {article} {column} {amount}", f"whose {column} is {amount}",
                 f"with {column} {amount}", f"where the {column} is {amount}"]  # fmt: skip
        verb += [f"have {article} {column} {amount}", f"have a {column} of {amount}"]
        post += _money_verbs(item.words, f"that cost {amount}", f"earning {amount}",
                             f"who earn {amount}")  # fmt: skip
        verb += _money_verbs(item.words, f"cost {amount}", f"earn {amount}", f"make {amount}")
        number, operator = pick(rng, said.zh), pick(rng, chinese)
        if "{v}" in operator:
            zh.append(han + operator.replace("{v}", number))
        else:
            zh.append(f"{han}{operator}{number}")
    return Condition(f"number {sign}", item, f"{{c}} {sign} {value}", tuple(post), tuple(verb),
                     tuple(zh))  # fmt: skip


def _zero_condition(item: Field) -> Condition:
    """Nothing of it: "with no stock", "没有库存"."""
    post, verb, zh = [], [], []
    for column in item.words.en:
        post += [f"with no {column}", f"without {column}", f"whose {column} is 0"]
        post += [f"whose {column} is zero"]
        verb += [f"have no {column}", f"have a {column} of zero", f"are out of {column}"]
    for han in item.words.zh:
        zh += [f"没有{han}", f"{han}为0", f"{han}为零", f"无{han}", f"{han}是0"]
    return Condition("number 0", item, "{c} = 0", tuple(post), tuple(verb), tuple(zh))


def _money_verbs(words: Words, price: str, *pay: str) -> list[str]:
    names = {part for name in words.en for part in name.split()}
    if names & {"salary", "wage", "income"}:
        return list(pay)
    return [price] if names & {"price", "cost"} else []


def between_condition(world: World, item: Field) -> Condition:
    rng = world.rng
    if item.kind == "date":
        low, high = sorted((world.date_value(item), world.date_value(item)))
        test = f"{{c}} BETWEEN '{low}' AND '{high}'"
        one, two = date_phrase(low), date_phrase(high)
    else:
        small, large = sorted((world.number_value(item), world.number_value(item)))
        test = f"{{c}} BETWEEN {small} AND {large}"
        one = number_phrase(small, money=False)
        two = number_phrase(large, money=item.words.money)
    post, verb, zh = [], [], []
    for _ in range(4):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        first, second = pick(rng, one.en), pick(rng, two.en)
        post += [f"with a {column} between {first} and {second}",
                 f"whose {column} is between {first} and {second}",
                 f"with {column} from {first} to {second}"]  # fmt: skip
        verb.append(f"have a {column} between {first} and {second}")
        first, second = pick(rng, one.zh), pick(rng, two.zh)
        zh += [f"{han}在{first}到{second}之间", f"{han}在{first}和{second}之间",
               f"{han}介于{first}和{second}之间"]  # fmt: skip
    return Condition("between", item, test, tuple(post), tuple(verb), tuple(zh))


def date_condition(world: World, item: Field) -> Condition:
    """Before, after or in a year."""
    rng = world.rng
    happened, done = verb_for(item.words)
    day = world.date_value(item)
    sign = rng.choices((">", "<", "year", ">="), (3, 3, 5, 1))[0]
    if sign == "year":
        test, said = f"year({{c}}) = {day.year}", Phrase((str(day.year),), (f"{day.year}年",))
        english: tuple[str, ...] = ("in",)
        chinese: tuple[str, ...] = ("在{v}", "是{v}")
        bare_zh: tuple[str, ...] = ("{v}", "在{v}", "于{v}")
    else:
        said = date_phrase(day)
        test = f"{{c}} {sign} '{day}'"
        english = {">": ("after",), "<": ("before",), ">=": ("since", "on or after")}[sign]
        chinese = {">": ("在{v}之后", "晚于{v}", "在{v}以后"), "<": ("在{v}之前", "早于{v}"),
                   ">=": ("不早于{v}", "在{v}及以后")}[sign]  # fmt: skip
        bare_zh = tuple(text for text in chinese if text.startswith("在"))
        bare_zh += tuple(text[1:] for text in bare_zh)
    post, verb, zh = [], [], []
    for _ in range(4):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        when = f"{pick(rng, english)} {pick(rng, said.en)}"
        post += [f"with a {column} {when}", f"whose {column} is {when}"]
        verb.append(f"have a {column} {when}")
        if happened:
            post += [f"{happened} {when}", f"that were {happened} {when}"] * 2
            verb += [f"were {happened} {when}"] * 3
        value = pick(rng, said.zh)
        zh.append(han + pick(rng, chinese).replace("{v}", value))
        if done:
            zh += [pick(rng, bare_zh).replace("{v}", value) + done] * 2
    return Condition("date " + sign, item, test, tuple(post), tuple(verb), tuple(zh))


def text_condition(world: World, item: Field, *, negated: bool = False) -> Condition:
    """Equal to a value, or not."""
    rng = world.rng
    value = world.text_value(item)
    said, names = value_phrase(value), {part for name in item.words.en for part in name.split()}
    place, sort = bool(names & set(_PLACES)), bool(names & set(_KINDS))
    post, verb, zh = [], [], []
    for _ in range(4):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        text, chinese = pick(rng, said.en), pick(rng, said.zh)
        no = "not " if negated else ""
        post += [f"whose {column} is {no}{text}", f"with {column} {no}{text}"]
        verb += (
            [f"have the {column} {text}"] if not negated else [f"do not have the {column} {text}"]
        )
        zh += [f"{han}{'不' if negated else ''}是{chinese}",
               f"{han}{'不为' if negated else '为'}{chinese}"]  # fmt: skip
        if place:
            post += [f"{no}in {text}", f"{no}from {text}", f"{no}located in {text}"]
            verb += [f"are {no}in {text}", f"are {no}from {text}", f"are {no}located in {text}"]
            zh += [f"{'不' if negated else ''}在{chinese}"] * 2
            zh += [] if negated else [chinese, f"来自{chinese}", f"位于{chinese}"]
        elif sort and not negated:
            post.append(f"of {column} {text}")
            verb += [f"are {text}", f"were {text}"]
            zh += [chinese, chinese]
        elif negated:
            verb.append(f"are not {text}")
    adjective = said if sort and not negated and len(value.split()) <= 2 else None
    test = f"{{c}} {'<>' if negated else '='} {text_literal(value)}"
    return Condition("text", item, test, tuple(post), tuple(verb), tuple(zh), adjective)


def like_condition(world: World, item: Field) -> Condition:
    rng = world.rng
    value = world.text_value(item)
    pieces = [word for word in value.split() if len(word) > 2] or [value]
    starts = rng.random() < (0.4 if value.isascii() else 0.7)
    part = pieces[0] if starts else rng.choice(pieces)
    if starts:
        part = part[: rng.choice((1, 2, 3))] if part.isascii() else part[:1]
    elif len(part) > 6 and part.isascii():
        part = part[: rng.randint(4, 6)] if rng.random() < 0.4 else part
    elif not part.isascii() and len(part) > 2:
        part = part[:2]
    pattern = f"{part}%" if starts else f"%{part}%"
    safe = text_literal(pattern)
    words_en: tuple[tuple[str, ...], tuple[str, ...]] = (
        ("starting with", "beginning with"),
        ("starts with", "begins with"),
    )
    if not starts:
        words_en = (("containing", "with", "including"), ("contains", "includes", "has"))
    post, verb, zh = [], [], []
    for _ in range(4):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        text = rng.choice((f"'{part}'", f'"{part}"', part))
        post += [f"whose {column} {pick(rng, words_en[1])} {text}",
                 f"with a {column} {pick(rng, words_en[0])} {text}"]  # fmt: skip
        verb.append(f"have {text} {'at the start of' if starts else 'in'} the {column}")
        text = rng.choice((part, f"“{part}”", f"'{part}'"))
        if starts:
            zh += [f"{han}以{text}开头", f"{han}开头是{text}"]
            zh += [f"姓{part}"] * 2 if len(part) == 1 and not part.isascii() else []
        else:
            zh += [f"{han}包含{text}", f"{han}中含有{text}", f"{han}里有{text}", f"{han}带有{text}"]
    return Condition("like", item, f"{{c}} ILIKE {safe}", tuple(post), tuple(verb), tuple(zh))


def null_condition(world: World, item: Field, *, filled: bool) -> Condition:
    rng = world.rng
    post, verb, zh = [], [], []
    for _ in range(3):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        if filled:
            post += [f"that have a {column}", f"with a {column}", f"whose {column} is known"]
            verb.append(f"have a {column}")
            zh += [f"有{han}", f"{han}不为空", f"填写了{han}"]
        else:
            post += [f"without a {column}", f"with no {column}", f"whose {column} is missing"]
            verb += [f"have no {column}", f"do not have a {column}"]
            zh += [f"没有{han}", f"{han}为空", f"缺少{han}", f"没有填写{han}"]
    test = "{c} IS NOT NULL" if filled else "{c} IS NULL"
    return Condition("null", item, test, tuple(post), tuple(verb), tuple(zh))


def in_condition(world: World, item: Field) -> Condition | None:
    """One of two values."""
    rng = world.rng
    one, two = world.text_value(item), world.text_value(item)
    if one == two:
        return None
    first, second = value_phrase(one), value_phrase(two)
    post, verb, zh = [], [], []
    for _ in range(4):
        column, han = pick(rng, item.words.en), pick(rng, item.words.zh)
        text = f"{pick(rng, first.en)} or {pick(rng, second.en)}"
        post += [f"whose {column} is {text}", f"with {column} {text}"]
        verb.append(f"have the {column} {text}")
        if set(item.words.key.split()) & set(_PLACES):
            post += [f"in {text}", f"from {text}"]
            verb.append(f"are in {text}")
        han_text = f"{pick(rng, first.zh)}{rng.choice(('或', '或者', '和'))}{pick(rng, second.zh)}"
        zh += [f"{han}为{han_text}", f"{han}是{han_text}"]
        if set(item.words.key.split()) & set(_PLACES):
            zh += [han_text, f"在{han_text}", f"来自{han_text}"]
    test = f"{{c}} IN ({text_literal(one)}, {text_literal(two)})"
    return Condition("in", item, test, tuple(post), tuple(verb), tuple(zh))


def bool_condition(world: World, item: Field) -> Condition:
    value = world.rng.random() < 0.5
    column, han = item.words.en[0], item.words.zh[0]
    name = column.removeprefix("is ").removeprefix("has ")
    no = "" if value else "not "
    return Condition("bool", item, "{c}" if value else "NOT {c}",
                     (f"that are {no}{name}", f"where {column} is {str(value).lower()}"),
                     (f"are {no}{name}",), (f"{han}为{'是' if value else '否'}",
                     f"{'' if value else '不'}{han}"))  # fmt: skip


def any_condition(world: World, fields: list[Field]) -> Condition | None:
    """A condition on one of the columns; None when none fits."""
    rng = world.rng
    usable = [f for f in fields if f.column.distinct > 1 and f.kind in _MAKERS]
    usable = [f for f in usable if f.kind != "text" or f.column.values]
    if not usable:
        return None
    item = rng.choice(usable)
    if item.column.nulls and rng.random() < 0.15:
        return null_condition(world, item, filled=rng.random() < 0.3)
    if item.kind == "text":
        return text_condition(world, item, negated=rng.random() < 0.08)
    return _MAKERS[item.kind](world, item)


_MAKERS = {
    "number": number_condition,
    "date": date_condition,
    "bool": bool_condition,
    "text": text_condition,
}
