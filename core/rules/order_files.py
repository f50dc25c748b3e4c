"""Orders in a CSV file: which columns are read, and what each row says. Pure.

    marketplace, order, sku, title, quantity, price, date, currency, status

Columns are found by their names, in any order; names that marketplaces and shipping services give them are known too. Rows of one
marketplace with one order number are one order. Other columns (buyers, addresses) are never looked at, so nothing of them is kept.
A row that makes no sense is said, and its order left out; nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from core.errors import Invalid
from core.money import Money, parse
from core.values.states import OrderState
from core.words import N_, Told

MOST = 300  # rows of one file: all of them are taken in by one transaction
MAX_BYTES = 1024 * 1024
HEADER = "marketplace,order,sku,title,quantity,price,date"
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "marketplace": ("channel", "platform", "store", "store name", "sales channel", "site", "source"),
    "order": ("order number", "order id", "order no", "order #", "order no.", "sales record number", "name"),
    "sku": ("custom label", "custom label (sku)", "item sku", "lineitem sku", "seller sku"),
    "title": ("item title", "item", "item name", "product", "product name", "lineitem name", "listing title"),
    "quantity": ("qty", "lineitem quantity", "item quantity", "count"),
    "price": ("unit price", "item price", "lineitem price", "sold for", "sale price", "order price"),
    "date": ("order date", "sale date", "sold on", "created at", "date sold", "date paid", "paid at"),
    "currency": ("currency code",),
    "status": ("order status", "state"),
})  # fmt: skip
NEEDED = ("marketplace", "order", "price")
STATES: Mapping[str, OrderState] = MappingProxyType({
    "": OrderState.CONFIRMED, "paid": OrderState.CONFIRMED, "confirmed": OrderState.CONFIRMED, "unshipped": OrderState.CONFIRMED,
    "awaiting shipment": OrderState.CONFIRMED, "awaiting_shipment": OrderState.CONFIRMED, "shipped": OrderState.SHIPPED,
    "sent": OrderState.SHIPPED, "delivered": OrderState.DELIVERED, "completed": OrderState.COMPLETED, "complete": OrderState.COMPLETED,
})  # fmt: skip
_DATES = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y/%m/%d", "%d.%m.%Y")
_BY_NUMBERS = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_TWO_WAYS = N_("the date “{date}” can be read in two ways. Write it like 2026-11-20.")


@dataclass(frozen=True, slots=True)
class FileLine:
    """One thing of an order. `price` is for one, in minor units."""

    sku: str
    title: str
    quantity: int
    price: int


@dataclass(slots=True)
class FileOrder:
    """An order as a file tells it. `channel` is a marketplace's kind, or what the file calls it where we do not know it."""

    channel: str
    number: str
    currency: str
    placed_at: datetime | None
    state: OrderState
    lines: list[FileLine] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What makes it this order, wherever it comes from."""
        return f"{self.channel}:{self.number}"

    @property
    def total(self) -> Money:
        return Money(sum(one.price * one.quantity for one in self.lines), self.currency)

    def to_json(self) -> dict[str, Any]:
        return {
            "channel": self.channel, "number": self.number, "currency": self.currency, "state": self.state.value,
            "placed_at": self.placed_at.isoformat() if self.placed_at else None,
            "lines": [[one.sku, one.title, one.quantity, one.price] for one in self.lines],
        }  # fmt: skip

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> FileOrder:
        at = datetime.fromisoformat(data["placed_at"]) if data["placed_at"] else None
        lines = [FileLine(*one) for one in data["lines"]]
        return cls(data["channel"], data["number"], data["currency"], at, OrderState(data["state"]), lines)


@dataclass(slots=True)
class Read:
    """The orders of a file, and what is wrong with rows that were left out, as sentences."""

    orders: list[FileOrder]
    problems: list[Told]


def is_table(data: bytes) -> bool:
    """Whether a file looks like a table of texts, and not like a photo: its first line has the names of columns that we need."""
    try:
        return len(set(_columns(_first_line(data))) & {"marketplace", "order", "price", "sku", "title"}) >= 2
    except (UnicodeDecodeError, Invalid):
        return False


def _first_line(data: bytes) -> list[str]:
    head = data[:4000].split(b"\n")[0]
    if b"\0" in head:
        raise Invalid(Told("This is no table."))
    text = _text(head)
    return next(csv.reader([text], delimiter=_delimiter(text)), [])


def read(data: bytes, currency: str, channels: Mapping[str, str]) -> Read:
    """Every order of the file. `channels` are marketplaces by the names that people give them, in small letters, to their kinds.

    Raises `Invalid` when it is no such file: too large, or without the columns that are needed.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(Told("This file is too large. Send at most {rows} rows at a time.", rows=MOST))
    text = _text(data)
    rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text.partition("\n")[0])))
    columns = _columns(rows[0]) if rows else {}
    lacks = [name for name in NEEDED if name not in columns]
    if lacks or not ({"sku", "title"} & set(columns)):
        missing = ", ".join(lacks or ["sku"])
        raise Invalid(Told("This file has no column “{missing}”. Its first line should be: {header}", missing=missing, header=HEADER))
    if len(rows) - 1 > MOST:
        raise Invalid(Told("This file is too large. Send at most {rows} rows at a time.", rows=MOST))
    found: dict[str, FileOrder] = {}
    broken: set[str] = set()
    problems = []
    for place, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()}
        channel, number = cells["marketplace"], cells["order"].lstrip("#")[:60]
        channel = channels.get(channel.lower(), channel[:40])
        try:
            _add(found, channel, number, cells, currency)
        except Invalid as error:
            broken.add(f"{channel}:{number}")  # half an order would never be made whole: it is taken in once
            problems.append(Told("Row {row}: {problem}", row=place, problem=error.sentence))
    return Read([one for key, one in found.items() if key not in broken], problems)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what spreadsheets on Windows write


def _delimiter(line: str) -> str:
    return max((",", ";", "\t"), key=line.count)


def _columns(header: list[str]) -> dict[str, int]:
    """Our columns to their places. A column's own name goes before what others call it."""
    called = {" ".join(name.lower().replace("_", " ").split()): at for at, name in reversed(list(enumerate(header)))}
    places = {}
    for name, others in NAMES.items():
        if (at := next((called[one] for one in (name, *others) if one in called), None)) is not None:
            places[name] = at
    return places


def _add(found: dict[str, FileOrder], channel: str, number: str, cells: Mapping[str, str], currency: str) -> None:
    if not number or not channel:
        raise Invalid(Told("it names no order number or no marketplace."))
    sku, title = cells.get("sku", ""), cells.get("title", "")
    if not sku and not title:
        raise Invalid(Told("it does not say what was sold."))
    if not cells["price"]:
        raise Invalid(Told("it has no price."))
    price = parse(cells["price"], cells.get("currency", "").upper() or currency)
    if price.amount < 0:
        raise Invalid(Told("its price is less than nothing."))
    status = cells.get("status", "").lower()
    if status not in STATES:
        raise Invalid(Told("I do not know the status “{status}”. Write paid, shipped, delivered or completed.", status=status))
    quantity = _quantity(cells.get("quantity", ""))
    order = FileOrder(channel, number, price.currency, _day(cells.get("date", "")), STATES[status])
    order = found.setdefault(order.key, order)
    if price.currency != order.currency:
        raise Invalid(Told("its currency is not that of the order's other rows."))
    order.lines.append(FileLine(sku[:80], title[:200], quantity, price.amount))


def _quantity(text: str) -> int:
    if not text:
        return 1
    if not text.isdecimal() or not 0 < int(text) < 10_000:
        raise Invalid(Told("“{text}” is no quantity.", text=text[:40]))
    return int(text)


def _day(text: str) -> datetime | None:
    """Noon of a day, or a time as computers write it; None where the file does not say."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC, hour=found.hour or 12) if found.tzinfo is None else found.astimezone(UTC)
    except ValueError:
        pass
    if by_numbers := _BY_NUMBERS.fullmatch(text):
        first, second, year = (int(one) for one in by_numbers.groups())
        if first <= 12 and second <= 12 and first != second:
            raise Invalid(Told(_TWO_WAYS, date=text))
        return _noon(year, *((second, first) if first > 12 else (first, second)), text)
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC, hour=12)
        except ValueError:
            continue
    raise Invalid(Told("“{text}” is no date. Write it like 2026-11-20.", text=text[:40]))


def _noon(year: int, month: int, day: int, text: str) -> datetime:
    try:
        there = date(year, month, day)
    except ValueError:
        raise Invalid(Told("“{text}” is no date. Write it like 2026-11-20.", text=text[:40])) from None
    return datetime(there.year, there.month, there.day, 12, tzinfo=UTC)
