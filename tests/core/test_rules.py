"""The rules: tables and pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from core.rules import access, changes, drafts, guards, orders, stock, tasks
from core.rules.access import Ability
from core.values.channel import Aspect, Capabilities, Limits
from core.values.draft import Draft, Evidence, EvidenceKind, Field
from core.values.states import ChangeKind, ChangeState, ItemState, OrderState, Role, StockKind, TaskKind

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_change_that_ended_never_moves_again() -> None:
    for end in (ChangeState.UNDONE, ChangeState.REJECTED, ChangeState.EXPIRED, ChangeState.CANCELLED):
        assert not any(changes.may_move(end, other) for other in ChangeState)
    assert changes.may_move(ChangeState.FAILED, ChangeState.APPROVED)
    assert not changes.may_move(ChangeState.DONE, ChangeState.RUNNING)


def test_what_takes_a_change_back() -> None:
    assert changes.inverse(ChangeKind.PUBLISH, after_sale=False, now_sold=False) is ChangeKind.DELIST
    assert changes.inverse(ChangeKind.DELIST, after_sale=False, now_sold=False) is ChangeKind.RELIST
    assert "sold" in changes.inverse(ChangeKind.DELIST, after_sale=False, now_sold=True)
    assert "cancel it where it was made" in changes.inverse(ChangeKind.DELIST, after_sale=True, now_sold=True)
    assert "sold" in changes.inverse(ChangeKind.PUBLISH, after_sale=False, now_sold=True)
    for kind in (ChangeKind.QUANTITY, ChangeKind.REPRICE, ChangeKind.REVISE):  # the edit that they carry is put back instead
        assert "cannot" in changes.inverse(kind, after_sale=False, now_sold=False)


def test_lanes_keep_a_sale_apart_from_bulk_work() -> None:
    assert changes.lane(ChangeKind.DELIST, "a") != changes.lane(ChangeKind.PUBLISH, "a")


STEPS = st.lists(
    st.tuples(st.sampled_from([kind for kind in StockKind if kind not in (StockKind.ADJUST, StockKind.SYNC_CORRECTION)]), st.integers(1, 9))
    | st.tuples(st.just(StockKind.ADJUST), st.integers(-9, 9)),
    max_size=40,
)


@given(STEPS)
def test_stock_never_breaks_its_bounds_and_is_the_fold_of_its_entries(steps: list[tuple[StockKind, int]]) -> None:
    level = stock.Level()
    entries = []
    for kind, quantity in steps:
        made = stock.move(level, kind, quantity)
        entries.append((made.total, made.reserved))
        level = stock.Level(level.total + made.total, level.reserved + made.reserved)
        assert level.total >= 0
        assert 0 <= level.reserved <= level.total
    assert stock.fold(entries) == level


def test_an_oversell_is_counted_and_never_taken() -> None:
    assert stock.move(stock.Level(1, 0), StockKind.SALE, 3) == stock.Move(-1, 0, short=2)
    assert stock.move(stock.Level(1, 1), StockKind.RESERVE, 1) == stock.Move(0, 0, short=1)


def test_paying_uses_what_was_reserved() -> None:
    assert stock.move(stock.Level(1, 1), StockKind.SALE, 1, was_reserved=1) == stock.Move(-1, -1)


def test_orders_move_along_the_table_only() -> None:
    assert orders.hops(OrderState.PENDING, OrderState.SHIPPED) == (OrderState.CONFIRMED, OrderState.PROCESSING, OrderState.SHIPPED)
    assert orders.hops(OrderState.PENDING, OrderState.CANCELLED) == (OrderState.CANCELLED,)
    assert orders.hops(OrderState.CANCELLED, OrderState.CONFIRMED) == ()
    assert orders.hops(OrderState.SHIPPED, OrderState.SHIPPED) == ()


def test_a_take_down_after_a_sale_is_due_in_an_hour_and_nags() -> None:
    due = tasks.deadline(TaskKind.TAKE_DOWN, NOON, after_sale=True)
    assert due == NOON + timedelta(hours=1)
    ladder = [tasks.next_reminder(due, given) - due for given in range(5)]
    assert ladder == [timedelta(hours=hours) for hours in (0, 1, 4, 28, 52)]


def test_floor_holds_for_everybody_and_nothing_is_automatic_without_one() -> None:
    assert guards.price_problem(Money(5900), Money(6000), automatic=False)
    assert guards.price_problem(Money(6000), Money(6000), automatic=True) is None
    assert guards.price_problem(Money(6000), None, automatic=False) is None
    assert "no floor" in (guards.price_problem(Money(6000), None, automatic=True) or "")
    assert guards.price_problem(Money(0), None, automatic=False)


def test_sold_and_unknown_stock_do_not_go_up() -> None:
    assert guards.may_go_live(ItemState.READY, 1) is None
    assert "sold" in (guards.may_go_live(ItemState.SOLD, 1) or "")
    assert "sold" in (guards.may_go_live(ItemState.READY, 0) or "")
    assert "how many" in (guards.may_go_live(ItemState.READY, None) or "")


def test_roles() -> None:
    assert access.may(Role.OWNER, Ability.MEMBERS)
    assert access.may(Role.VIEWER, Ability.LOOK)
    assert not access.may(Role.VIEWER, Ability.PUBLISH)
    assert not access.may(Role.MANAGER, Ability.MEMBERS)
    assert access.refusal(Role.VIEWER, Ability.PUBLISH) == "You are a viewer here, and this needs a seller. Ask the owner."
    assert set(access.LEAST) == set(Ability), "every ability has a role"


def test_a_member_may_be_limited_to_some_marketplaces() -> None:
    assert access.may_on([], "ebay")
    assert access.may_on(["ebay"], "ebay")
    assert not access.may_on(["ebay"], "shopify")


def _field(value: str) -> Field:
    return Field(value, 0.9, (Evidence(EvidenceKind.TEXT, value, 0),))


EBAY = Capabilities("ebay", "eBay", native=True, limits=Limits(title=80))


def test_what_has_no_evidence_is_asked_most_valuable_first() -> None:
    needs = {"eBay": [Aspect("Brand", True), Aspect("Style", True, ("Boot", "Sneaker")), Aspect("Colour", False)]}
    asked = drafts.questions(Draft({"brand": _field("Nike")}), title="", has_price=False, channels=[EBAY], aspects=needs)
    assert [one.field for one in asked] == ["title", "price", "condition", "aspect:Style"]
    assert asked[3].choices == (("Boot", "Boot"), ("Sneaker", "Sneaker"))
    known = Draft({"condition": _field("good"), "aspect:Style": _field("Boot"), "brand": _field("Nike")})
    assert drafts.questions(known, title="Boots", has_price=True, channels=[EBAY], aspects=needs) == ()


def test_a_title_that_is_too_long_for_a_channel_is_asked_about_not_cut() -> None:
    known = Draft({"condition": _field("good")})
    asked = drafts.questions(known, title="x" * 90, has_price=True, channels=[EBAY], aspects={})
    assert "takes 80" in asked[0].text


def test_an_unknown_condition_is_asked() -> None:
    unknown = Draft({"condition": Field("unknown", 0.0)})
    assert drafts.questions(unknown, title="A", has_price=True, channels=[], aspects={})[0].field == "condition"


def test_fields_are_known_by_any_spelling_and_slips_are_noticed() -> None:
    known = ["Department", "US Shoe Size", "Color", "UPC"]
    named = ("TITLE", "color", "Colour", "department", "us shoe size", "part_number", "upc", "vibe")
    assert [drafts.field_named(name, known) for name in named] == [
        "title", "colour", "colour", "aspect:Department", "aspect:US Shoe Size", "mpn", "upc", "",
    ]  # fmt: skip
    assert drafts.near_fields("titel", known) == ("title",)
    assert drafts.near_fields("departement", known) == ("aspect:Department",)
    assert drafts.near_fields("collor", known) == ("colour",)
    assert drafts.near_fields("vibe", known) == drafts.near_fields("", known) == ()


def test_a_field_of_ours_answers_the_specific_of_that_name() -> None:
    known = Draft({"colour": _field("Black"), "upc": _field("036000291452")})
    assert [drafts.aspect_value(known, name) for name in ("Color", "Colour", "UPC", "Title")] == ["Black", "Black", "036000291452", ""]


def test_what_the_seller_said_wins() -> None:
    merged = drafts.merge_hints(Draft({"brand": _field("Adidas")}), {"brand": "Nike", "size": ""})
    assert merged.get("brand") == "Nike"
    assert merged.fields["brand"].evidence[0].kind is EvidenceKind.SELLER
    assert "size" not in merged.fields
