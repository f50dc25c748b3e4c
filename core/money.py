"""Money: whole minor units with a currency, never a float.

`Money(4550, "USD")` is 45.50 dollars. Zero-decimal currencies (JPY) have one unit each, three-decimal ones (KWD) a
thousand (ISO 4217).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core import words
from core.errors import Invalid
from core.words import Told

SYMBOLS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD"}
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "C$", "AUD": "A$"}
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "TND": 3, "JOD": 3}

_AMOUNT = re.compile(
    r"^(?P<sign>-?)(?P<symbol>[A-Z]{0,2}[$€£¥]|[A-Za-z]{3})?\s*(?P<number>\d[\d.,' ]*)\s*(?P<tail>[A-Z]{0,2}[$€£¥]|[A-Za-z]{3})?$"
)


def exponent(currency: str) -> int:
    """How many decimal places a currency has."""
    return EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units. Sums and comparisons refuse to mix currencies."""

    amount: int
    currency: str = "USD"

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        """For people: `$45.50`, `¥300`, `45.50 PLN`."""
        number = f"{abs(self.decimal()):,.{exponent(self.currency)}f}"
        sign = "-" if self.amount < 0 else ""
        if self.currency in SIGNS:
            return f"{sign}{SIGNS[self.currency]}{number}"
        return f"{sign}{number} {self.currency}"

    def here(self) -> str:
        """For people, as their language writes it."""
        return words.speech().money(self.amount, self.currency, str(self))

    def __format__(self, how: str) -> str:
        """Within a message: as the reader's language writes it."""
        return format(self.here(), how)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.amount

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount).scaleb(-exponent(self.currency))

    def wire(self) -> str:
        """As marketplaces write it: `45.50`."""
        return f"{self.decimal():.{exponent(self.currency)}f}"

    def percent(self, share: Decimal | int) -> Money:
        """`share` per cent of it, rounded half up to a minor unit."""
        part = Decimal(self.amount) * Decimal(share) / 100
        return Money(int(part.quantize(Decimal(1), rounding=ROUND_HALF_UP)), self.currency)


def of_wire(value: str | float | Decimal, currency: str) -> Money:
    """Read a marketplace's decimal amount (`"45.5"`). Raises `Invalid` on anything else."""
    try:
        major = Decimal(str(value))
    except ArithmeticError as error:
        raise Invalid(Told("“{value}” is not an amount.", value=value)) from error
    if not major.is_finite():
        raise Invalid(Told("“{value}” is not an amount.", value=value))
    minor = major.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Money(int(minor), currency)


def parse(text: str, currency: str = "USD") -> Money:
    """Read what a person types: `45`, `$45`, `45,00`, `1,200.50`, `45 EUR`. Raises `Invalid` with what to type."""
    found = _AMOUNT.match(text.strip())
    if found is None:
        raise Invalid(Told("“{text}” is not an amount. Type it like 45 or 45.50.", text=text))
    mark = found["symbol"] or found["tail"]
    if mark:
        currency = SYMBOLS.get(mark.upper(), mark.upper())
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise Invalid(Told("“{text}” has a currency I do not know. Type it like 45 or 45 EUR.", text=text))
    major = Decimal(_plain(found["number"], text, exponent(currency)))
    minor = major.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise Invalid(Told("“{text}” has more decimals than {currency} knows. Type it like 45 or 45.50.", text=text, currency=currency))
    if minor > 10**12:
        raise Invalid(Told("“{text}” is too much to be a price.", text=text))
    return Money(-int(minor) if found["sign"] else int(minor), currency)


def _plain(number: str, text: str, places: int) -> str:
    """One decimal point at most: the last of `.` and `,` is it, unless three digits follow and no other mark is there."""
    number = number.replace("'", "").replace(" ", "").rstrip(".,")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    mark, head, tail = number[last], number[:last], number[last + 1 :]
    other = "," if mark == "." else "."
    thousands = len(tail) == 3 and places != 3 and other not in head and 1 <= len(head) <= 3 and head != "0"
    if thousands and mark == "." and mark not in head:
        # A thousand in Berlin, a slip in New York: a price is not guessed.
        ways = {"much": f"{head}{tail}", "little": f"{head}.{tail[:2]}"}
        raise Invalid(Told("“{text}” can be read in two ways. Type {much} or {little}.", text=text, **ways))
    groups = mark in head or thousands
    if groups:
        if other in number or not re.fullmatch(r"\d{1,3}([.,]\d{3})+", number):
            raise Invalid(Told("“{text}” is not an amount. Type it like 45 or 45.50.", text=text))
        return number.replace(mark, "")
    head = head.replace(other, "")
    return f"{head}.{tail}" if tail else head


words.register("money", Money, lambda value: [value.amount, value.currency], lambda kept: Money(*kept))
