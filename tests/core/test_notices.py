"""Which notices there are, where they go, when they wait, and when several are one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.rules import notices as rules
from core.rules.notices import EVERYWHERE, NOWHERE, Waiting
from core.values.states import Severity

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# The table of ../shared/TABLES.md.
TABLE = {
    "info": "new_order",
    "success": "order_shipped, listing_published, listing_sold, draft_ready, channel_connected",
    "warning": "review_needed, low_stock, out_of_stock, sync_conflict, refund_requested, channel_disconnected, manual_task_due, "
    "undo_closing, offer_received, offer_expiring, budget_80, limit_80",
    "critical": "delist_failed, oversell, account_lost, account_silent, draft_failed, system_alert",
}
CHATS = [("web", "1"), ("telegram", "2")]


def test_the_types_are_those_of_the_table() -> None:
    told = {severity: {type for type, kind in rules.KINDS.items() if kind.severity == severity} for severity in Severity}
    assert told == {Severity(severity): set(types.split(", ")) for severity, types in TABLE.items()}
    assert all(kind.most <= 10 for kind in rules.KINDS.values())


def test_a_type_says_more_than_its_severity_and_critical_ones_are_never_off() -> None:
    assert rules.places({}, "new_order", CHATS) == CHATS
    assert rules.places({}, "draft_ready", CHATS) == []
    assert rules.places({"success": list(EVERYWHERE)}, "draft_ready", CHATS) == CHATS
    assert rules.places({"success": list(EVERYWHERE), "draft_ready": list(NOWHERE)}, "draft_ready", CHATS) == []
    assert rules.places({"warning": ["telegram"]}, "low_stock", CHATS) == [("telegram", "2")]
    assert rules.places({"critical": list(NOWHERE)}, "oversell", CHATS) == CHATS
    assert rules.places({"critical": ["telegram"]}, "oversell", CHATS) == [("telegram", "2")]
    assert rules.places({"warning": ["slack"]}, "low_stock", CHATS) == CHATS, "a surface that is linked no more loses nothing"


WAITING = st.builds(
    Waiting, key=st.uuids().map(str), type=st.sampled_from(sorted(rules.KINDS)),
    at=st.integers(0, 600).map(lambda seconds: NOW - timedelta(seconds=seconds)),
)  # fmt: skip


@given(
    st.lists(WAITING, max_size=40, unique_by=lambda one: one.key),
    st.booleans(),
    st.dictionaries(st.sampled_from(sorted(rules.KINDS)), st.integers(0, 12)),
)
def test_every_notice_is_held_told_or_folded_once(waiting: list[Waiting], quiet: bool, told: dict[str, int]) -> None:
    plan = rules.plan(waiting, now=NOW, quiet=quiet, told=told)
    settled = [*plan.held, *plan.alone, *(key for _type, keys in plan.folds for key in keys)]
    assert sorted(settled) == sorted(one.key for one in waiting)
    kinds = {one.key: rules.KINDS[one.type] for one in waiting}
    assert all(quiet and kinds[key].severity is not Severity.CRITICAL for key in plan.held)
    for type, kind in rules.KINDS.items():
        alone = sum(one.type == type for one in waiting if one.key in plan.alone)
        assert alone == 0 or alone + told.get(type, 0) <= kind.most <= 10


def test_what_comes_late_is_one_card_but_for_what_is_critical() -> None:
    late = NOW - timedelta(hours=9)
    waiting = [
        Waiting("a", "new_order", late),
        Waiting("b", "low_stock", late),
        Waiting("c", "oversell", late),
        Waiting("d", "low_stock", NOW),
    ]
    plan = rules.plan(waiting, now=NOW, quiet=False, told={})
    assert (set(plan.alone), plan.folds) == ({"c", "d"}, (("", ("a", "b")),))


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-24T21:59", None), ("2026-11-24T22:00", "2026-11-25T07:00"), ("2026-11-25T06:59", "2026-11-25T07:00"),
        ("2026-11-25T07:00", None), ("2026-03-29T00:30", "2026-03-29T07:00"),
    ],
)  # fmt: skip
def test_quiet_hours_end_by_the_clock_on_the_wall(now: str, ends: str | None) -> None:
    """The last one is the night in which Berlin's clocks go forward."""
    berlin = ZoneInfo("Europe/Berlin")
    found = rules.quiet_until(datetime.fromisoformat(now).replace(tzinfo=berlin).astimezone(UTC), 22 * 60, 7 * 60, "Europe/Berlin")
    assert (found.astimezone(berlin).isoformat()[:16] if found else None) == ends


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("8", 480),
        ("8:00", 480),
        ("08:05", 485),
        ("22.30", 1350),
        ("7 pm", 1140),
        ("12am", 0),
        ("12:30 pm", 750),
        ("0:00", 0),
        ("18h15", 1095),
    ],
)
def test_times_of_day_as_people_type_them(text: str, minutes: int) -> None:
    assert rules.minute_of(text) == minutes


@pytest.mark.parametrize("text", ["", "25", "8:60", "13 pm", "noon", "8:0"])
def test_what_is_no_time_of_day_says_how_to_type_one(text: str) -> None:
    with pytest.raises(Invalid, match="Type it like 8:00"):
        rules.minute_of(text)


def test_quiet_hours_need_two_ends() -> None:
    assert rules.hours_of("22:00-07:00") == rules.hours_of("10pm to 7am") == (1320, 420)
    for text in ("22:00", "7-7", "a-b"):
        with pytest.raises(Invalid):
            rules.hours_of(text)
