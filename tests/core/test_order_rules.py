"""Orders' table and what a person's command may do of it; carriers and their numbers; files of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid
from core.rules import carriers, order_files
from core.rules import orders as rules
from core.rules.orders import Deed
from core.values.states import OrderState as S

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_every_step_of_a_command_is_a_move_of_the_table() -> None:
    for deed, ways in rules.WAYS.items():
        for start, way in ways.items():
            for old, new in zip((start, *way), way, strict=False):
                assert new in rules.MOVES[old], (deed, old, new)


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("state", S)
def test_a_command_is_allowed_or_says_what_the_order_is(deed: Deed, state: S) -> None:
    if not rules.steps(deed, state):
        assert str(rules.too_early(deed, state, 17)).startswith("Order 17 is ")


def test_what_comes_first_is_said() -> None:
    assert "/ship 17" in rules.too_early(Deed.DELIVER, S.CONFIRMED, 17)
    assert "/cancel 17" in rules.too_early(Deed.REFUND, S.PROCESSING, 17)
    assert "/refund 17" in rules.too_early(Deed.CANCEL, S.SHIPPED, 17)
    assert rules.too_early(Deed.CANCEL, S.CANCELLED, 17) == "Order 17 is cancelled."


@pytest.mark.parametrize(
    ("ours", "theirs", "behind"),
    [
        (S.PROCESSING, S.CONFIRMED, True),
        (S.DELIVERED, S.SHIPPED, True),
        (S.COMPLETED, S.DELIVERED, True),
        (S.COMPLETED, S.REFUND_REQUESTED, False),
        (S.DELIVERED, S.DISPUTED, False),
        (S.SHIPPED, S.CONFIRMED, False),
        (S.PROCESSING, S.CANCELLED, False),
    ],
)
def test_a_channel_that_has_not_heard_yet_contradicts_nobody(ours: S, theirs: S, behind: bool) -> None:
    assert rules.is_behind(ours, theirs) is behind


def test_unknown_amounts_are_no_drift() -> None:
    assert not rules.drift(None, 500)
    assert not rules.drift(500, None)
    assert not rules.drift(500, 500)
    assert rules.drift(500, 400)


def test_a_shipped_order_is_read_every_fourth_hour() -> None:
    read = [hour for hour in range(12) if rules.to_be_read(NOW, NOW + timedelta(hours=hour, minutes=30))]
    assert read == [0, 4, 8]


def test_late_needs_a_day_to_ship_by() -> None:
    assert rules.is_late(S.CONFIRMED, NOW - timedelta(hours=1), NOW)
    assert not rules.is_late(S.CONFIRMED, None, NOW)
    assert not rules.is_late(S.SHIPPED, NOW - timedelta(hours=1), NOW)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("usps 9400 1000 0000 0000 0000 06", ("usps", "9400100000000000000006")),
        ("Royal Mail RB123456785GB", ("royal mail", "RB123456785GB")),
        ("canada-post 1234", ("canada post", "1234")),
        ("1Z999AA10123456784", ("", "1Z999AA10123456784")),
        ("usps", ("usps", "")),
        ("Pigeon 123456", ("Pigeon", "123456")),
        ("", ("", "")),
    ],
)
def test_a_parcel_as_people_type_it(words: str, found: tuple[str, str]) -> None:
    assert carriers.parted(words) == found


@pytest.mark.parametrize(
    ("carrier", "number", "doubtful"),
    [
        ("usps", "9400100000000000000006", False),
        ("usps", "9400100000000000000007", True),
        ("usps", "1Z999AA10123456784", True),
        ("ups", "1Z999AA10123456784", False),
        ("ups", "1Z999AA10123456785", True),
        ("royal mail", "RB123456785GB", False),
        ("royal mail", "RB123456786GB", True),
        ("seur", "ANYTHING123", False),
        ("Pigeon", "X", True),
        ("Pigeon", "COOP-7".replace("-", "7"), False),
    ],
)
def test_a_number_that_looks_wrong_is_doubtful(carrier: str, number: str, doubtful: bool) -> None:
    assert carriers.is_doubtful(carrier, number) is doubtful


def test_only_a_number_that_no_other_carrier_has_is_guessed() -> None:
    ups = carriers.guess("1Z999AA10123456784")
    assert ups is not None
    assert ups.key == "ups"
    assert carriers.guess("123456789012") is None


CHANNELS = {"poshmark": "poshmark", "ebay": "ebay"}


def read(text: str) -> order_files.Read:
    return order_files.read(text.encode(), "USD", CHANNELS)


def test_rows_with_one_number_are_one_order() -> None:
    found = read(
        "Order Number;Marketplace;SKU;Item Title;Qty;Price;Order Date;Buyer Name\n"
        "#77;Poshmark;A-1;Lamp;2;10,50;2026-11-20;Jane Roe\n"
        "77;Poshmark;A-2;Shade;;5;2026-11-20;Jane Roe\n"
    )
    [order] = found.orders
    assert (order.channel, order.number, str(order.total)) == ("poshmark", "77", "$26.00")
    assert [(one.sku, one.quantity, one.price) for one in order.lines] == [("A-1", 2, 1050), ("A-2", 1, 500)]
    assert not found.problems
    assert "Jane" not in repr(order.to_json())
    assert order_files.FileOrder.of_json(order.to_json()) == order


def test_rows_that_make_no_sense_are_said_and_the_others_count() -> None:
    found = read(
        "marketplace,order,title,price,date,quantity,status\n"
        "eBay,1,Lamp,10,2026-11-20,1,\n"
        "eBay,,Lamp,10,,,\n"
        "eBay,3,Lamp,ten,,,\n"
        "eBay,4,Lamp,10,03/04/2026,,\n"
        "eBay,5,Lamp,10,,0,\n"
        "eBay,6,Lamp,10,,,lost\n"
        ",,,,,,\n"
        "eBay,7,Lamp,10,24/12/2025,,shipped\n"
    )
    assert [one.number for one in found.orders] == ["1", "7"]
    assert [str(one).split(":")[0] for one in found.problems] == ["Row 3", "Row 4", "Row 5", "Row 6", "Row 7"]
    assert found.orders[1].state is S.SHIPPED
    assert found.orders[1].placed_at == datetime(2025, 12, 24, 12, tzinfo=UTC)


def test_a_file_without_what_is_needed_says_what() -> None:
    with pytest.raises(Invalid, match="price"):
        read("marketplace,order,sku\neBay,1,A\n")
    with pytest.raises(Invalid, match="too large"):
        read("marketplace,order,sku,price\n" + "eBay,1,A,1\n" * (order_files.MOST + 1))


def test_what_is_a_table() -> None:
    assert order_files.is_table("﻿Marketplace,Order Number,Price\n".encode())
    assert not order_files.is_table(b"\xff\xd8\xff\xe0 marketplace,order")
    assert not order_files.is_table(b"This is no photo.")
