"""Migrations go up, down and up again with data on both databases, and end at what the models say."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, inspect, text
from sqlalchemy.engine import Connection

from core.errors import Invalid
from storage import migrate
from storage.models import Base
from storage.models.base import UtcTime

Rows = dict[str, list[dict[str, Any]]]
# The history, newest first. Columns that had another name in an older schema.
STEPS = [one.revision for one in ScriptDirectory(str(migrate.FOLDER)).walk_revisions()]
NAMES = {("card_button", "created_at"): "shown_at"}
SUMS = ("stock_entry.total", "stock_entry.reserved")  # what is after an entry is what was before it and these


async def test_the_schema_equals_the_models(database_url: str) -> None:
    assert await _differences(database_url) == []


@pytest.mark.parametrize("oldest", [*STEPS[1:], "base"])
async def test_every_step_down_and_up_again_keeps_what_the_older_schema_can_hold(empty_database_url: str, oldest: str) -> None:
    """A row in every table, a value in every column; down step by step, then up at once."""
    url = empty_database_url
    assert await migrate.current(url) is None
    assert await migrate.upgrade(url)
    full = await migrate.run(url, fill)
    assert set(full) == set(Base.metadata.tables)

    held = full
    way = [*STEPS[1:], "base"]
    for step in way[: way.index(oldest) + 1]:
        await migrate.downgrade(url, step)
        assert await migrate.current(url) == (None if step == "base" else step)
        there = await migrate.run(url, everything)
        assert set(there) <= set(held)
        assert_same(renamed(there), {table: held[table] for table in there}, step)
        held = renamed(there)

    assert await migrate.upgrade(url)
    there = await migrate.run(url, everything)
    assert set(there) == set(full)
    assert_same(there, {table: held.get(table, []) for table in full}, "up again")
    assert await _differences(url) == []
    if not held:
        assert await migrate.run(url, fill) == full, "and it can be used"


async def test_of_the_slots_of_a_tick_the_newest_stays(empty_database_url: str) -> None:
    url = empty_database_url
    await migrate.upgrade(url, "0004")
    slots = ", ".join(f"('{job}', '2026-01-0{day} 03:00:00.000000')" for job in ("seal", "photos") for day in (1, 3, 2))
    await migrate.run(url, lambda connection: connection.execute(text(f"INSERT INTO clock_slot (job, slot) VALUES {slots}")))
    await migrate.upgrade(url)
    rows = (await migrate.run(url, everything))["clock_slot"]
    assert [(row["job"], str(row["slot"])[:10]) for row in rows] == [("photos", "2026-01-03"), ("seal", "2026-01-03")]


async def test_a_current_database_is_only_looked_at(database_url: str) -> None:
    took = []
    for _ in range(5):
        started = time.perf_counter()
        assert not await migrate.upgrade(database_url)
        took.append(time.perf_counter() - started)
    assert min(took) < 1.0, took  # some 10 ms when nobody else works; the machine may stand still during one of them


async def test_a_broken_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    def breaks(connection: Connection) -> None:
        command.upgrade(migrate.config(connection), "0002")
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        await migrate.run(empty_database_url, breaks)
    assert await migrate.current(empty_database_url) is None


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    await migrate.run(database_url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(Invalid, match="newer Haggle"):
        await migrate.upgrade(database_url)


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(migrate.FOLDER)).get_current_head() == migrate.HEAD


def fill(connection: Connection) -> Rows:
    """Put a row into every table."""
    for table in Base.metadata.sorted_tables:
        connection.execute(table.insert().values({column.name: value(column) for column in table.columns}))
    return everything(connection)


def value(column: Column[Any]) -> Any:
    """A value for a column of any type, the same each time; for a foreign key that of the row it refers to."""
    for key in column.foreign_keys:
        return value(key.column)
    name = f"{column.table.name}.{column.name}"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:3], "big") % 1000
    if isinstance(column.type, UtcTime):
        return datetime(2026, 1, 5, 12, 0, 0, number, tzinfo=UTC)
    if isinstance(column.type, JSON):
        return {name: [number, None, "größe ✓"]}
    if isinstance(column.type, LargeBinary):
        return b"\0\xff" + name.encode()
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Float):
        return number + 0.25
    if isinstance(column.type, Integer):
        return 0 if name in SUMS else 7  # the same everywhere: reserved stock is no more than there is
    return "waits" if column.name == "state" else f"{name[-16:]}'ö"


def everything(connection: Connection) -> Rows:
    """The rows of all tables of ours as they are stored, whatever the models say."""
    found: Rows = {}
    for table in inspect(connection).get_table_names():
        if table != "alembic_version" and not table.startswith("procrastinate_"):
            rows = connection.exec_driver_sql(f'SELECT * FROM "{table}" ORDER BY 1, 2').mappings().all()
            found[table] = [dict(row) for row in rows]
    return found


def renamed(rows: Rows) -> Rows:
    """Under the newest names of the columns."""
    return {table: [{NAMES.get((table, name), name): held for name, held in row.items()} for row in some] for table, some in rows.items()}


def assert_same(there: Rows, held: Rows, step: str) -> None:
    """Every row, and each value in the columns that both schemas have."""
    for table, rows in there.items():
        assert len(rows) == len(held[table]), (step, table)
        for new, old in zip(rows, held[table], strict=True):
            common = set(new) & set(old)
            assert common, (step, table)
            assert {name: new[name] for name in common} == {name: old[name] for name in common}, (step, table)


async def _differences(url: str) -> list[Any]:
    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_name": lambda name, kind, _: not (kind == "table" and name.startswith("procrastinate_"))}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))

    return await migrate.run(url, compare)
