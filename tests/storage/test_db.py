"""What a database that says no tells, and whose clock counts."""

from __future__ import annotations

import secrets
import traceback
from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from storage import work
from storage.db import Database
from storage.models import Post
from tests.clock import TestClock, WrongClock
from tests.conftest import OpenDatabase
from tests.rows import add_events


async def test_an_error_does_not_show_what_was_to_be_stored(database: Database) -> None:
    said = secrets.token_urlsafe(12)
    row = {"surface": "web", "chat": "c", "said": {"text": f"one line\n{said}"}, "created_at": database.now(), "changed_at": None}
    with pytest.raises(IntegrityError) as caught:
        async with database.write() as session:
            await session.execute(insert(Post).values(**row, message=f"first\n{said}"))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "changed_at" in told
    assert said not in told


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("seconds", [60, -60])
async def test_what_is_due_now_is_due_whatever_the_clock_of_the_machine_says(open_database: OpenDatabase, seconds: int) -> None:
    wrong, right = open_database(WrongClock(seconds=seconds)), open_database()
    assert abs((await wrong.compare_clocks()).total_seconds() + seconds) < 1
    assert abs(wrong.now() - right.now()) < timedelta(seconds=1)
    ids = await add_events(wrong, due_at=wrong.now())
    assert [claim.id for claim in (await work.claim(right, "inbox_event", "worker")).claims] == ids


async def test_the_clock_of_tests_is_no_skew(database: Database, clock: TestClock) -> None:
    clock.move(days=3)
    assert abs((await database.compare_clocks()).total_seconds()) < 1
    assert abs(database.now() - clock.now()) < timedelta(seconds=1)
