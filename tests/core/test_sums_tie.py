"""Sums tie to the cent, whatever was sold: lines with their orders; by item, by channel and by month with the whole; the file with all."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.flows.export import SALES, sales_csv
from core.money import exponent
from core.rules import profit, sums
from core.rules.sums import Sold
from core.values.states import OrderState
from tests.core.test_profit import deals


@st.composite
def periods(draw: st.DrawFn) -> tuple[list[Sold], dict[str, int]]:
    """Some orders' lines, as a time has them, and what was left of all the orders together, by currency, reckoned order by order."""
    rows: list[Sold] = []
    left: dict[str, int] = defaultdict(int)
    for number, deal in enumerate(draw(st.lists(deals(), max_size=8)), 1):
        day = draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
        made = profit.earned(deal)
        for line, earned in zip(deal.lines, made, strict=True):
            rows.append(
                Sold(
                    day=day, channel=deal.channel, item=draw(st.none() | st.integers(1, 4)), title=draw(st.sampled_from(["Lamp", "=Vase"])),
                    quantity=line.quantity, currency=deal.currency, earned=earned, order=number,
                    state=OrderState.REFUNDED if deal.over else OrderState.CONFIRMED,
                )
            )  # fmt: skip
        known = sum((one.fees or 0) + (one.label or 0) + (one.cost or 0) + one.refunded for one in made)
        left[deal.currency] += deal.total - (deal.tax or 0) - known
    return rows, dict(left)


def net(rows: Sequence[Sold]) -> int:
    return sums.total(rows).net


@given(periods())
def test_every_way_to_add_up_is_the_same(period: tuple[list[Sold], dict[str, int]]) -> None:
    rows, left = period
    for currency in {row.currency for row in rows}:
        some = [row for row in rows if row.currency == currency]
        assert net(some) == left[currency]
        for key in (lambda row: (row.item, row.title), lambda row: row.channel, lambda row: row.day.replace(day=1), lambda row: row.order):
            assert sum(part.net for part in sums.grouped(some, key).values()) == net(some)


@given(periods())
def test_the_file_adds_up_to_what_is_shown(period: tuple[list[Sold], dict[str, int]]) -> None:
    rows, _left = period
    found = list(csv.DictReader(io.StringIO(sales_csv(rows).decode("utf-8-sig"), newline="")))
    assert len(found) == len(rows)
    added: dict[str, Decimal] = defaultdict(Decimal)
    for row in found:
        parts = [Decimal(row[name] or 0) for name in ("price", "shipping_paid", "tax_inside", "given_back", "fees", "label", "cost")]
        assert parts[0] + parts[1] - sum(parts[2:]) == Decimal(row["earned"]), "each row can be reckoned anew"
        added[row["currency"]] += Decimal(row["earned"])
        assert row["title"] in ("Lamp", "'=Vase")
        assert (row["fees_are"] == "") == (row["fees"] == "")
    assert {key: int(amount.scaleb(exponent(key))) for key, amount in added.items()} == {
        currency: net([row for row in rows if row.currency == currency]) for currency in added
    }


def test_nothing_of_buyers_is_a_column() -> None:
    assert not {"buyer", "name", "email", "street", "phone", "address"} & {part for column in SALES for part in column.split("_")}
