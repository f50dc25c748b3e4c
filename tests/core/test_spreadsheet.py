"""CSV as spreadsheets and programs read it: whole, with numbers that are numbers, and without formulas."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from core.rules.spreadsheet import csv_bytes

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_a_file_is_utf8_with_its_mark_and_lines_end_as_the_rfc_says() -> None:
    data = csv_bytes(("day", "what", "net"), [(date(2026, 10, 3), 'A "big" lamp, 3\nlamps', Money(-4550)), (None, "Ñandú", None)])
    assert data.startswith(b"\xef\xbb\xbfday,what,net\r\n")
    assert data.endswith("\r\n,Ñandú,\r\n".encode())
    assert read(data) == [["day", "what", "net"], ["2026-10-03", 'A "big" lamp, 3\nlamps', "-45.50"], ["", "Ñandú", ""]]


@pytest.mark.parametrize("money", [Money(4550), Money(-5), Money(300, "JPY"), Money(1234567, "KWD")])
def test_amounts_stay_numbers(money: Money) -> None:
    [_head, [cell]] = read(csv_bytes(("a",), [(money,)]))
    assert float(cell) == float(money.decimal())


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_words_begin_no_formula(words: str) -> None:
    [_head, [cell]] = read(csv_bytes(("a",), [(words,)]))
    assert cell == f"'{words}"


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    found = read(csv_bytes(("a", "b"), rows))[1:]
    assert [[cell.removeprefix("'") for cell in row] for row in found] == [[cell.removeprefix("'") for cell in row] for row in rows]
    assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for row in found for cell in row)
