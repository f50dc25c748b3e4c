"""Wake-ups inside one process: what is told is claimed at once, what must wait goes on when it may, and errors stop nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from structlog.testing import capture_logs

from storage import work
from storage.db import Database, wake
from storage.dispatch.inprocess import InProcess
from storage.models import InboxEvent
from storage.work import Claim
from tests.clock import TestClock
from tests.rows import add_events, event, event_row

TABLE = "inbox_event"
ON_POSTGRES = pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


class Carrier:
    """Finishes what it is given, once it may; remembers the order and how many ran at once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.started: asyncio.Queue[str] = asyncio.Queue()
        self.order: list[str] = []
        self.running = self.most = 0

    async def __call__(self, claim: Claim) -> None:
        self.order.append(claim.id)
        self.running += 1
        self.most = max(self.most, self.running)
        self.started.put_nowait(claim.id)
        await self.may_end.wait()
        async with self._db.write() as session:
            await work.finish(session, claim, state="done")
        self.running -= 1


async def with_dispatcher(db: Database, test: Callable[[InProcess, Carrier], Awaitable[None]], capacity: int = 64) -> None:
    carrier = Carrier(db)
    local = InProcess(db, "worker", carrier, tables=(TABLE,), capacity=capacity)
    local.start()
    async with asyncio.timeout(30):
        await test(local, carrier)
        carrier.may_end.set()
        await local.stop()


async def test_what_a_transaction_wakes_is_carried_once_it_is_committed(database: Database) -> None:
    async def test(local: InProcess, carrier: Carrier) -> None:
        database.dispatcher = local
        async with database.write() as session:
            session.add(row := event_row(database.clock))
            wake(session, TABLE, row.id)
            await session.flush()
            assert carrier.order == []
        await local.idle()
        assert carrier.order == [row.id]

    await with_dispatcher(database, test)


async def test_a_wake_up_of_a_rolled_back_transaction_is_forgotten(database: Database) -> None:
    async def break_after_wake() -> None:
        async with database.write() as session:
            session.add(row := event_row(database.clock))
            wake(session, TABLE, row.id)
            raise RuntimeError("no")

    async def test(local: InProcess, carrier: Carrier) -> None:
        database.dispatcher = local
        with pytest.raises(RuntimeError):
            await break_after_wake()
        await local.idle()
        assert await local.sweep() == 0

    await with_dispatcher(database, test)


async def test_parked_rows_go_on_when_their_lane_frees(database: Database) -> None:
    ids = await add_events(database, 9, lane="publish:a")

    async def test(local: InProcess, carrier: Carrier) -> None:
        await local.tell(TABLE, ids)
        await local.idle()
        assert sorted(carrier.order) == sorted(ids)
        assert carrier.most == work.LANES["publish"]

    await with_dispatcher(database, test)


async def test_parked_rows_go_on_in_order_when_their_turn_comes(database: Database) -> None:
    ids = await add_events(database, 6, turn="chat")

    async def test(local: InProcess, carrier: Carrier) -> None:
        await local.tell(TABLE, ids[::-1])
        await local.idle()
        assert carrier.order == ids
        assert carrier.most == 1

    await with_dispatcher(database, test)


async def test_one_full_lane_does_not_hold_up_another(database: Database) -> None:
    bulk = await add_events(database, 400, lane="publish:bulk", priority=5)
    (small,) = await add_events(database, lane="publish:small", priority=5)

    async def test(local: InProcess, carrier: Carrier) -> None:
        carrier.may_end.clear()
        await local.tell(TABLE, [*bulk, small])
        first = {await carrier.started.get() for _ in range(3)}
        assert small in first

    await with_dispatcher(database, test)


async def test_no_more_run_than_there_is_room_for_and_the_best_go_first(database: Database) -> None:
    later = await add_events(database, 8, priority=5)
    urgent = await add_events(database, 4, priority=0)

    async def test(local: InProcess, carrier: Carrier) -> None:
        await local.tell(TABLE, later)
        await local.tell(TABLE, urgent, priority=0)
        assert local.room == 0
        await local.wait_for_room()
        await local.idle()
        assert local.room == 4
        assert carrier.most == 4
        assert sorted(carrier.order[:4]) == urgent
        assert sorted(carrier.order) == sorted([*later, *urgent])

    await with_dispatcher(database, test, capacity=4)


async def test_a_delayed_hint_is_kept_until_then(database: Database) -> None:
    (key,) = await add_events(database, due_at=database.now() + timedelta(milliseconds=250))

    async def test(local: InProcess, carrier: Carrier) -> None:
        await local.tell(TABLE, [key], delay=0.25)
        await local.idle()
        assert carrier.order == [], "a hint for later keeps nobody waiting"
        assert await carrier.started.get() == key

    await with_dispatcher(database, test)


async def test_a_hint_that_comes_twice_or_for_nothing_does_no_harm(database: Database) -> None:
    (key,) = await add_events(database)
    (done,) = await add_events(database, state="done")

    async def test(local: InProcess, carrier: Carrier) -> None:
        await local.tell(TABLE, [key, key, done, "no such row"])
        await local.tell(TABLE, [key])
        await local.tell("no such table", [key])
        await local.idle()
        await local.tell(TABLE, [key])
        await local.idle()
        assert carrier.order == [key]

    await with_dispatcher(database, test)


async def test_the_sweep_finds_what_nobody_was_told_of(database: Database) -> None:
    ids = await add_events(database, 300)

    async def test(local: InProcess, carrier: Carrier) -> None:
        assert await local.sweep() == 256
        await local.idle()
        assert sorted(carrier.order) == sorted(ids), "what one sweep leaves behind does not wait for the next"

    await with_dispatcher(database, test)


async def test_a_claim_that_fails_is_tried_again(database: Database) -> None:
    ids = await add_events(database, 3)

    async def rename(before: str, after: str) -> None:
        async with database.write() as session:
            await session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    async def test(local: InProcess, carrier: Carrier) -> None:
        await rename(TABLE, "elsewhere")
        with capture_logs() as logs:
            await local.tell(TABLE, ids)
            while not logs:  # noqa: ASYNC110 - a log has no event to wait for
                await asyncio.sleep(0)
        assert logs[0]["event"] == "claiming failed"
        await rename("elsewhere", TABLE)
        await local.idle()
        assert sorted(carrier.order) == ids

    await with_dispatcher(database, test)


@ON_POSTGRES
async def test_a_row_that_was_locked_when_it_was_told_of_is_carried_without_a_sweep(database: Database) -> None:
    (key,) = await add_events(database)

    async def test(local: InProcess, carrier: Carrier) -> None:
        async with database.write() as session:
            await session.execute(update(InboxEvent).values(duplicates=1))
            await local.tell(TABLE, [key])
            await local.idle()
            assert carrier.order == []
        assert await asyncio.wait_for(carrier.started.get(), 4) == key

    await with_dispatcher(database, test)


async def test_a_carrier_that_breaks_stops_nobody_else(database: Database) -> None:
    ids = await add_events(database, 2)

    async def carry(claim: Claim) -> None:
        if claim.id == ids[0]:
            raise RuntimeError("broken")
        async with database.write() as session:
            await work.finish(session, claim, state="done")

    local = InProcess(database, "worker", carry, tables=(TABLE,))
    local.start()
    with capture_logs() as logs:
        await local.tell(TABLE, ids)
        await local.idle()
    await local.stop()
    assert [entry["event"] for entry in logs] == ["carrying failed"]
    assert [(await event(database, key)).state for key in ids] == ["received", "done"]


async def test_stopping_lets_what_runs_end_and_takes_nothing_new(database: Database) -> None:
    first, second = await add_events(database, 2, turn="one after the other")

    async def test(local: InProcess, carrier: Carrier) -> None:
        carrier.may_end.clear()
        await local.tell(TABLE, [first, second])
        assert await carrier.started.get() == first
        stopping = asyncio.create_task(local.stop())
        await asyncio.sleep(0)
        carrier.may_end.set()
        await stopping
        assert [(await event(database, key)).state for key in (first, second)] == ["done", "received"]
        assert carrier.order == [first]

    await with_dispatcher(database, test)


async def test_a_row_that_another_process_holds_is_taken_when_its_lease_ran_out(database: Database, clock: TestClock) -> None:
    ids = await add_events(database, 2, turn="chat")
    await work.claim(database, TABLE, "dead")

    async def test(local: InProcess, carrier: Carrier) -> None:
        assert await local.sweep() == 1
        await local.idle()
        assert carrier.order == []
        clock.move(seconds=20)
        assert await local.sweep() == 2
        await local.idle()
        assert carrier.order == ids

    await with_dispatcher(database, test)
