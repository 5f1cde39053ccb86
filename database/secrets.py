"""Likely secrets and personal data in a text: found by form and check digits, and masked.

Forms: e-mail (RFC 5322 in its common part); telephone (E.164, NANP, Chinese mobile); payment card
(ISO/IEC 7812, Luhn); IBAN (ISO 13616, mod 97); Chinese identity number (GB 11643, mod 11);
US social security number; private keys (PEM); keys of AWS, GitHub, OpenAI, Slack, Google, GitLab,
Stripe; JSON web tokens; passwords in addresses. What only looks like it by chance is masked too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

SHARE = 0.5
"""Share of a column's values from which none of them is used."""


def _luhn(text: str) -> bool:
    digits = [int(sign) for sign in text if sign.isdigit()]
    odd, even = digits[-1::-2], digits[-2::-2]
    total = sum(odd) + sum(sum(divmod(2 * digit, 10)) for digit in even)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and total % 10 == 0


def _iban(text: str) -> bool:
    plain = re.sub(r"\W", "", text).upper()
    number = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
    return 15 <= len(plain) <= 34 and int(number) % 97 == 1


def _chinese_id(text: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))
    return text[17].upper() == "10X98765432"[total % 11]


def _telephone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    return 8 <= digits <= 15 and _DATE.fullmatch(text) is None


_DATE = re.compile(r"(?:\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4})")
_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool] | None], ...] = (
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"), None),
    ("access key", re.compile(
        r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[oprsu]_\w{30,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
        r"|[sr]k-[\w-]{20,}|[sr]k_(?:live|test)_\w{16,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{30,}"
        r"|hf_\w{30,}|npm_\w{30,}|pypi-[\w-]{40,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+)"
    ), None),
    ("password", re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"), None),
    ("e-mail address", re.compile(
        r"[\w.!#$%&'*+/=?^`{|}~-]+@[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+"
    ), None),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b"), _iban),
    ("identity number", re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?!\w)"), _chinese_id),
    ("payment card", re.compile(r"(?<![\d.+])\d(?:[ -]?\d){12,18}(?![\d.])"), _luhn),
    ("social security number", re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-\d{2}-\d{4}(?![\d-])"),
     None),
    ("telephone number", re.compile(r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)"), _telephone),
    ("telephone number", re.compile(r"(?<![\d.-])1[3-9]\d(?:[ -]?\d{4}){2}(?![\d.-])"), None),
    ("telephone number", re.compile(
        r"(?<![\d.-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d.-])"), None),
    ("telephone number", re.compile(
        r"(?<![\d.-])\(?0\d{1,4}\)?[ /-]\d{2,8}(?:[ -]\d{2,8})*(?![\d.-])"), _telephone),
)  # fmt: skip


def find(text: str) -> str:
    """The first kind of secret or personal data in a text, "" when there is none."""
    return next((kind for kind, _, _ in _matches(text)), "")


def mask(text: str) -> str:
    """The text with each secret replaced by its kind: `[e-mail address]`."""
    for kind, start, end in sorted(_matches(text), key=lambda item: -item[1]):
        text = f"{text[:start]}[{kind}]{text[end:]}"
    return text


def harmless(values: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """The values that may be used, and the first kind of secret among the others ("" for none)."""
    every = [(value, find(value)) for value in values]
    left = tuple(value for value, kind in every if not kind)
    kind = next((kind for _, kind in every if kind), "")
    return (() if len(left) <= SHARE * len(every) else left), kind


def _matches(text: str) -> Iterable[tuple[str, int, int]]:
    taken: list[tuple[int, int]] = []
    for kind, form, holds in _KINDS:
        for found in form.finditer(text):
            start, end = found.span()
            if all(end <= a or start >= b for a, b in taken) and (holds is None or holds(found[0])):
                taken.append((start, end))
                yield kind, start, end
