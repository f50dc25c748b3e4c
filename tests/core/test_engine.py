"""The engine decides what an error means: later, a person, or nobody's business because the row is another's now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.errors import Busy, HaggleError, Refused, Unreachable
from core.flows.engine import Engine, put_back
from core.rules.retry import wait_before_retry
from storage import work
from storage.db import Database
from storage.work import Claim, LostClaim
from tests.clock import TestClock
from tests.rows import add_events, add_listing, change_row, event

TABLE = "inbox_event"


class Scripted:
    """A flow that raises what it is told, one after the other, and succeeds after that."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.raises: list[Exception] = []
        self.carried: list[Claim] = []
        self.told: list[str] = []
        self.hang = False

    async def carry(self, claim: Claim) -> None:
        self.carried.append(claim)
        if self.hang:
            await asyncio.get_running_loop().create_future()
        if self.raises:
            raise self.raises.pop(0)
        async with self._db.write() as session:
            await work.finish(session, claim, state="done")

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return wait_before_retry(error, claim.attempts)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        self.told.append(f"again: {error}")

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        self.told.append(f"failed: {error}")
        async with self._db.write() as session:
            await work.finish(session, claim, state="failed", last_error=str(error))

    async def lost(self, claim: Claim) -> None:
        self.told.append("lost")


@pytest.fixture
def flow(database: Database) -> Scripted:
    return Scripted(database)


@pytest.fixture
async def engine(database: Database, flow: Scripted) -> AsyncIterator[Engine]:
    made = Engine(database, "worker", {TABLE: flow, "change": flow})
    database.dispatcher = made.local
    made.start()
    async with asyncio.timeout(30):
        yield made
        await made.stop()


async def sweep(engine: Engine) -> None:
    await engine.local.sweep()
    await engine.local.idle()


async def test_busy_waits_exactly_so_long_and_nobody_sleeps(engine: Engine, flow: Scripted, database: Database, clock: TestClock) -> None:
    (key,) = await add_events(database)
    flow.raises = [Busy("Too many calls.", retry_after=90)]
    before = clock.now()
    await sweep(engine)
    row = await event(database, key)
    assert (row.state, row.attempts, row.lease_until, row.last_error) == ("received", 0, None, "Too many calls.")
    assert timedelta(seconds=90) <= row.due_at - before < timedelta(seconds=95)
    assert flow.told == ["again: Too many calls."]

    clock.move(seconds=80)
    await sweep(engine)
    assert len(flow.carried) == 1
    clock.move(seconds=11)
    await sweep(engine)
    assert [claim.attempts for claim in flow.carried] == [1, 1], "being asked to wait is no failed try"
    assert (await event(database, key)).state == "done"


async def test_unreachable_backs_off_until_a_person_must_look(engine: Engine, flow: Scripted, database: Database, clock: TestClock) -> None:
    (key,) = await add_events(database)
    flow.raises = [Unreachable("No answer.")] * 6
    for _ in range(6):
        await sweep(engine)
        clock.move(seconds=601)
    assert flow.told == ["again: No answer."] * 5 + ["failed: No answer."]
    assert (await event(database, key)).state == "failed"


async def test_a_refusal_goes_to_a_person_at_once(engine: Engine, flow: Scripted, database: Database) -> None:
    (key,) = await add_events(database)
    flow.raises = [Refused("The price is too low. Raise it.")]
    await sweep(engine)
    assert flow.told == ["failed: The price is too low. Raise it."]
    assert (await event(database, key)).last_error == "The price is too low. Raise it."


async def test_our_own_fault_is_logged_whole_and_tried_again(engine: Engine, flow: Scripted, database: Database) -> None:
    (key,) = await add_events(database)
    flow.raises = [ZeroDivisionError("ours")]
    with capture_logs() as logs:
        await sweep(engine)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("broke", "error")]
    row = await event(database, key)
    assert row.state == "received"
    assert "ours" not in row.last_error, "people get a sentence, the log gets the cause"


async def test_a_lost_claim_is_let_go(engine: Engine, flow: Scripted, database: Database) -> None:
    (key,) = await add_events(database)
    flow.raises = [LostClaim()]
    await sweep(engine)
    assert flow.told == ["lost"]
    row = await event(database, key)
    assert (row.state, row.attempts, row.worker) == ("received", 1, "worker")


async def test_a_retry_after_the_claim_was_lost_changes_nothing(database: Database, clock: TestClock) -> None:
    (key,) = await add_events(database)
    (lost,) = (await work.claim(database, TABLE, "slow")).claims
    clock.move(seconds=20)
    (held,) = (await work.claim(database, TABLE, "other")).claims
    before = await event(database, key)
    with pytest.raises(LostClaim):
        await put_back(database, lost, 60, Unreachable("No answer."))
    after = await event(database, key)
    assert (after.due_at, after.worker, after.last_error, after.lease_until) == (before.due_at, "other", "", before.lease_until)
    assert held.fence == lost.fence + 1


async def test_a_change_that_is_tried_again_waits_as_approved(engine: Engine, flow: Scripted, database: Database, clock: TestClock) -> None:
    listing = await add_listing(database)
    async with database.write() as session:
        session.add(change := change_row(listing, clock))
    flow.raises = [Unreachable("No answer.")]
    await sweep(engine)
    async with database.read() as session:
        assert (await session.get_one(type(change), change.id)).state == "approved"


async def test_what_a_stopped_process_held_is_carried_by_the_next(
    engine: Engine, flow: Scripted, database: Database, clock: TestClock
) -> None:
    (key,) = await add_events(database)
    (before,) = (await work.claim(database, TABLE, "stopped")).claims
    await sweep(engine)
    assert flow.carried == []
    clock.move(seconds=20)
    await sweep(engine)
    assert [(claim.id, claim.fence) for claim in flow.carried] == [(key, before.fence + 1)]


async def test_leases_of_what_runs_are_renewed(engine: Engine, flow: Scripted, database: Database, clock: TestClock) -> None:
    (key,) = await add_events(database)
    flow.hang = True
    await engine.local.sweep()
    while not engine.local.held:  # noqa: ASYNC110 - until the claim is committed
        await asyncio.sleep(0)
    first = (await event(database, key)).lease_until
    clock.move(seconds=10)
    await work.renew(database, engine.local.held)
    second = (await event(database, key)).lease_until
    assert first is not None
    assert second is not None
    assert second - first >= timedelta(seconds=10)
    for task in asyncio.all_tasks():
        if task.get_name().startswith(TABLE):
            task.cancel()
