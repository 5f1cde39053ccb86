"""Strings to compare tokenizers on: English, Chinese, SQL, numbers, emoji, whitespace."""

from __future__ import annotations

import random

_PARTS = (
    # English, and what apostrophes and capitals do to it
    "the", "order", "Customers", "who's", "we'll", "DON'T", "naïve", "café", "Ångström", "x-ray",
    # Chinese and its punctuation
    "查询", "工资最高的员工", "客户，", "“订单”", "有多少？", "繁體字", "金额≥", "、", "《表》",
    # other scripts
    "Привет", "日本語の", "한국어", "עברית", "العربية", "ไทย", "हिन्दी", "Ελληνικά",
    # SQL
    "SELECT", "COUNT(*)", "FROM t1", "WHERE a >= 3.5", "AND b <> 'x''y'", "ORDER BY 2 DESC",
    '"quoted id"', "t.col_name", "ILIKE '%ab_c%'", "::DATE", "--", "/* c */", "!=", "||", ");",
    "NOT IN (", "CAST(x AS DECIMAL(10,2))", "camelCase", "snake_case", "UPPER_2",
    # numbers
    "0", "7", "42", "1999", "12345", "1,234,567.89", "3.14e-7", "2024-02-29", "10:05", "½", "٣",
    # emoji and joined characters
    "😀", "👍🏽", "👩‍💻", "🇩🇪", "ﬁ", "é", "…", "—", "’", "€", "\u200b", "\ufeff",
    # code and marks
    "{}", "[0]", "=>", "a=b", "#!", "\\n", "`tick`", "$1", "%", "@x", "http://a.b/c?d=e&f",
)  # fmt: skip
_GAPS = ("", "", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", " \n", "\r\n", "\u00a0", "\u3000")


def sample_strings(count: int = 1000) -> list[str]:
    """The same strings each time: every part alone, every gap alone, then random sequences."""
    rng = random.Random(1000)
    texts = [*_PARTS, *_GAPS[2:], ""]
    while len(texts) < count:
        text = ""
        for _ in range(rng.randint(2, 9)):
            text += rng.choice(_PARTS) + rng.choice(_GAPS)
        texts.append(text)
    return texts[:count]
