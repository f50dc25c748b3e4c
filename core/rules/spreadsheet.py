"""Tables as files that spreadsheets open: CSV by RFC 4180, in UTF-8 with the mark by which Excel knows it.

Numbers are numbers wherever they are opened: amounts have a point and no sign of a currency, days are ISO 8601. Words of people can
start no formula: a cell that would begin one has an apostrophe in front, as spreadsheets themselves write it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from core.money import Money

# What spreadsheets take for a formula's beginning (OWASP, CSV injection), the wide forms of East Asian keyboards too.
_FORMULA = tuple("=+-@\t\r\n" + "\uff1d\uff0b\uff0d\uff20")

Cell = str | int | date | Money | None


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A header and the rows below it. None is an empty cell: not known is not zero."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Money):
        return value.wire()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
