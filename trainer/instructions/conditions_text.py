"""Conditions on text, and on what is missing: equal, parts of text, one of two, NULL, yes or no."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.phrases import pick, text_literal, value_phrase
from llmtui.trainer.instructions.world import Field, World

_PLACES = ("city", "country", "location", "state", "region", "province", "continent", "county")
_KINDS = ("status", "type", "category", "gender", "sex", "level", "class", "genre", "color",
          "channel", "priority", "brand", "size", "grade", "season", "sector")  # fmt: skip


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
