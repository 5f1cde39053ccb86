"""Conditions on numbers and dates: comparisons, ranges, years."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.lexicon import Words, verb_for
from llmtui.trainer.instructions.phrases import Phrase, date_phrase, number_phrase, pick
from llmtui.trainer.instructions.world import Field, World

_OPERATORS = {
    ">": (("more than", "over", "above", "greater than", "higher than", "exceeding"),
          ("大于", "超过", "高于", "多于", "在{v}以上")),
    "<": (("less than", "under", "below", "lower than", "smaller than"),
          ("小于", "低于", "少于", "不到", "不足")),
    ">=": (("at least", "no less than", "{v} or more"), ("大于等于", "至少", "不低于", "不少于")),
    "<=": (("at most", "no more than", "{v} or less"), ("小于等于", "最多", "不超过", "不高于")),
    "=": (("exactly", "equal to", "of"), ("等于", "为", "是")),
}  # fmt: skip


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
