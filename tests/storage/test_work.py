"""Claims are exclusive, lanes and turns exact, leases run out, and a worker that lost its row changes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from storage import work
from storage.db import Database
from storage.models import Change, InboxEvent, Workspace
from storage.work import Claim
from tests.clock import TestClock
from tests.conftest import OpenDatabase
from tests.rows import add_events, add_listing, change_row, event, workspace_row

TABLE = "inbox_event"


async def claim_all(db: Database, worker: str, limit: int = 7) -> list[Claim]:
    got: list[Claim] = []
    while claims := (await work.claim(db, TABLE, worker, limit=limit)).claims:
        got.extend(claims)
    return got


async def finish(db: Database, claim: Claim, state: str = "done") -> bool:
    """Whether the claim was still held."""
    try:
        async with db.write() as session:
            await work.finish(session, claim, state=state)
    except work.LostClaim:
        return False
    return True


async def test_a_row_goes_to_one_worker(open_database: OpenDatabase, database: Database) -> None:
    ids = await add_events(database, 60)
    got = await asyncio.gather(*(claim_all(open_database(), f"worker {n}") for n in range(4)))
    assert sorted(claim.id for claims in got for claim in claims) == sorted(ids)


async def test_only_so_many_of_a_lane_run_whoever_claims(open_database: OpenDatabase, database: Database) -> None:
    for account in "ab":
        await add_events(database, 6, lane=f"publish:{account}")
    free = await add_events(database, 6)
    got = await asyncio.gather(*(claim_all(open_database(), f"worker {n}", limit=3) for n in range(4)))
    claims = [claim for some in got for claim in some]
    assert Counter(claim.lane for claim in claims) == {"publish:a": 2, "publish:b": 2, "": len(free)}

    assert await finish(database, next(claim for claim in claims if claim.lane == "publish:a"))
    again = await work.claim(database, TABLE, "worker 5")
    assert [claim.lane for claim in again.claims] == ["publish:a"]
    assert {one.behind for one in again.blocked} == {"lane publish:a", "lane publish:b"}


async def test_rows_of_one_turn_go_one_after_the_other_in_order(open_database: OpenDatabase, database: Database) -> None:
    ids = await add_events(database, 5, turn="chat 1")
    others = await add_events(database, 1, turn="chat 2")
    done: list[str] = []
    while len(done) < len(ids):
        got = await asyncio.gather(*(claim_all(open_database(), f"worker {n}") for n in range(2)))
        (mine,) = [claim for some in got for claim in some if claim.id not in others]
        done.append(mine.id)
        assert await finish(database, mine)
    assert done == ids


async def test_a_better_priority_overtakes_within_its_turn(database: Database) -> None:
    await add_events(database, 2, turn="listing", priority=5)
    (urgent,) = await add_events(database, 1, turn="listing", priority=0)
    assert [claim.id for claim in await claim_all(database, "worker")] == [urgent]


async def test_the_best_priority_is_taken_first(database: Database) -> None:
    later = await add_events(database, 3, priority=5)
    first = await add_events(database, 2, priority=0)
    claims = (await work.claim(database, TABLE, "worker", limit=3)).claims
    assert [claim.id for claim in claims] == [*first, later[0]]


async def test_a_row_is_not_taken_before_it_is_due(database: Database, clock: TestClock) -> None:
    (key,) = await add_events(database, due_at=clock.now() + timedelta(minutes=5))
    assert await claim_all(database, "worker") == []
    assert await work.due_ids(database, TABLE) == []
    clock.move(minutes=5, seconds=1)
    assert await work.due_ids(database, TABLE) == [key]
    assert [claim.id for claim in await claim_all(database, "worker")] == [key]


async def test_a_lease_runs_out_and_the_late_worker_is_fenced_off(database: Database, clock: TestClock) -> None:
    (key,) = await add_events(database)
    (lost,) = await claim_all(database, "frozen")
    assert await claim_all(database, "other") == []

    clock.move(seconds=16)
    (taken,) = await claim_all(database, "other")
    assert (taken.id, taken.attempts, taken.fence) == (key, 2, 2)
    assert not await finish(database, lost, "failed")
    held = (await event(database, key)).lease_until
    clock.move(seconds=1)
    await work.renew(database, [lost])
    row = await event(database, key)
    assert (row.state, row.worker, row.lease_until) == ("received", "other", held)
    assert await finish(database, taken)
    assert not await finish(database, taken), "twice is once"
    assert (await event(database, key)).state == "done"


async def test_the_same_worker_is_fenced_off_from_its_own_earlier_claim(database: Database, clock: TestClock) -> None:
    await add_events(database)
    (earlier,) = await claim_all(database, "worker")
    clock.move(seconds=16)
    (later,) = await claim_all(database, "worker")
    assert not await finish(database, earlier)
    assert await finish(database, later)


async def test_a_renewed_lease_holds(database: Database, clock: TestClock) -> None:
    await add_events(database, 3)
    claims = await claim_all(database, "worker")
    for _ in range(4):
        clock.move(seconds=10)
        await work.renew(database, claims)
        assert await claim_all(database, "other") == []
    assert [await finish(database, claim) for claim in claims] == [True] * 3


async def test_a_finish_that_is_rolled_back_keeps_the_claim(database: Database) -> None:
    (key,) = await add_events(database)
    (claim,) = await claim_all(database, "worker")

    async def finish_and_break() -> None:
        async with database.write() as session:
            await work.finish(session, claim, state="done")
            raise RuntimeError("a constraint said no")

    with pytest.raises(RuntimeError):
        await finish_and_break()
    assert (await event(database, key)).state == "received"
    assert await finish(database, claim)


async def test_what_a_dead_worker_left_running_is_found_out_before_the_listing_is_touched_again(
    database: Database, clock: TestClock
) -> None:
    listing = await add_listing(database)
    async with database.write() as session:
        session.add(publish := change_row(listing, clock, kind="publish", priority=5))
    (dead,) = (await work.claim(database, "change", "dead")).claims
    async with database.write() as session:
        session.add(delist := change_row(listing, clock, kind="delist", priority=0))
    clock.move(seconds=20)
    first = await work.claim(database, "change", "alive")
    assert [claim.id for claim in first.claims] == [publish.id]
    assert [one.id for one in first.blocked] == [delist.id]
    async with database.write() as session:
        await work.finish(session, first.claims[0], state="cancelled")
    (second,) = (await work.claim(database, "change", "alive")).claims
    assert second.id == delist.id
    async with database.read() as session:
        running = (await session.execute(select(Change.id).where(Change.state == "running"))).scalars().all()
    assert running == [delist.id]
    assert dead.state == "approved"
    assert first.claims[0].state == "running"


async def test_a_full_lane_hides_nothing_from_the_sweep(database: Database) -> None:
    await add_events(database, 300, lane="publish:bulk")
    (other,) = await add_events(database, lane="publish:small")
    found = await work.due_ids(database, TABLE, limit=256)
    assert other in found
    assert len(found) == 257


async def test_every_hinted_row_is_answered_for(database: Database) -> None:
    ids = await add_events(database, 256, lane="publish:bulk")
    got = await work.claim(database, TABLE, "worker", ids=ids, limit=4)
    assert sorted([claim.id for claim in got.claims] + [one.id for one in got.blocked]) == sorted(ids)


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_a_row_that_is_locked_is_named_and_not_waited_for(open_database: OpenDatabase, database: Database) -> None:
    locked, free = await add_events(database, 2)
    async with open_database().write() as session:
        await session.execute(update(InboxEvent).where(InboxEvent.id == locked).values(duplicates=1))
        got = await work.claim(database, TABLE, "worker", ids=[locked, free, "no such row"])
    assert ([claim.id for claim in got.claims], got.locked) == ([free], (locked,))
    again = await work.claim(database, TABLE, "worker", ids=[locked, free])
    assert ([claim.id for claim in again.claims], again.locked) == ([locked], ())


async def test_two_hundred_concurrent_changes_of_one_row_lose_nothing(open_database: OpenDatabase, clock: TestClock) -> None:
    processes = [open_database() for _ in range(2)]
    async with processes[0].write() as session:
        session.add(home := workspace_row(clock))

    async def add_one(db: Database) -> None:
        async with db.write() as session:
            row = await session.get_one(Workspace, home.id, with_for_update=True)
            seen = row.next_item
            await asyncio.sleep(0)
            row.next_item = seen + 1

    await asyncio.gather(*(add_one(processes[n % 2]) for n in range(200)))
    async with processes[0].read() as session:
        assert (await session.get_one(Workspace, home.id)).next_item == 201


async def test_a_cancelled_writer_leaves_nothing_and_blocks_nobody(database: Database, clock: TestClock) -> None:
    inside = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.write() as session:
            session.add(workspace_row(clock, name="half"))
            await session.flush()
            inside.set()
            await asyncio.get_running_loop().create_future()

    writer = asyncio.create_task(write_and_wait())
    await inside.wait()
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    async with asyncio.timeout(30), database.write() as session:
        session.add(workspace_row(clock, name="whole"))
    async with database.read() as session:
        assert (await session.execute(select(Workspace.name))).scalars().all() == ["whole"]


async def test_claims_cancelled_at_any_moment_harm_nobody(database: Database, clock: TestClock) -> None:
    ids = await add_events(database, 20)
    for pauses in range(12):
        task = asyncio.create_task(work.claim(database, TABLE, "cancelled", limit=1))
        for _ in range(pauses):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    clock.move(seconds=20)
    async with asyncio.timeout(30):
        assert sorted(claim.id for claim in await claim_all(database, "worker")) == sorted(ids)
    async with database.read() as session:
        assert set((await session.execute(select(InboxEvent.worker))).scalars()) == {"worker"}
