"""All rows as lines of JSON, the same from either database: what a backup holds, and how to move from SQLite to PostgreSQL.

A file per table. Its first line says what the columns are (`{"columns": {"name": "time"}}`), so that a file can be read without the
models of the version that wrote it; every further line is one row, as an array in that order.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import JSON, Column, LargeBinary, MetaData, String, Table, event, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType, TypeEngine

from core.words import deep_of_stored, deep_stored, of_stored, to_stored
from storage.db import normal_url
from storage.models import Base
from storage.models.base import Sentence, Sentences, UtcTime

BATCH = 1000
_NOT_IN_POSTGRESQL = re.compile("[\x00\ud800-\udfff]")  # NUL and halves of characters, which SQLite keeps
_ANY_JSON = JSON().with_variant(JSONB(), "postgresql")
# For the columns of a kind: how they are bound, how a value is written, how it is read.
_Kind = tuple[TypeEngine[Any], Callable[[Any], Any], Callable[[Any], Any]]
_KINDS: dict[str, _Kind] = {
    "time": (UtcTime(), datetime.isoformat, datetime.fromisoformat),
    "bytes": (LargeBinary(), lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "sentence": (Sentence(), to_stored, of_stored),
    "sentences": (Sentences(), deep_stored, deep_of_stored),
    "json": (_ANY_JSON, lambda value: value, lambda value: value),
    "text": (String(), str, str),
    "plain": (NullType(), lambda value: value, lambda value: value),
}


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one moment of the database for as long as it is open, and keeps no writer waiting."""
    engine = create_async_engine(normal_url(url), poolclass=NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    else:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def write_tables(connection: AsyncConnection, folder: Path) -> dict[str, int]:
    """Write every table to `folder/TABLE.jsonl`. Answers how many rows each has, in an order in which they can be read back."""
    counts: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        kinds = {column.name: _kind_of(column) for column in table.columns}
        with (folder / f"{table.name}.jsonl").open("w", encoding="utf-8") as file:
            file.write(json.dumps({"columns": kinds}) + "\n")
            counts[table.name] = 0
            result = await connection.stream(select(table), execution_options={"yield_per": BATCH})
            async for rows in result.partitions():
                await asyncio.to_thread(_write_rows, file, list(kinds.values()), rows)
                counts[table.name] += len(rows)
    return counts


async def read_table(connection: AsyncConnection, path: Path) -> int:
    """Insert the rows of one file. Answers how many. What PostgreSQL cannot keep in a text is left out there."""
    count = 0
    clean = _storable if connection.dialect.name == "postgresql" else _as_it_is
    with path.open(encoding="utf-8") as file:
        columns: dict[str, str] = json.loads(file.readline())["columns"]
        table = Table(path.stem, MetaData(), *(Column(name, _KINDS[kind][0]) for name, kind in columns.items()))
        while rows := await asyncio.to_thread(lambda: list(islice(_rows(file, columns, clean), BATCH))):
            await connection.execute(insert(table), rows)
            count += len(rows)
    return count


def _kind_of(column: Column[Any]) -> str:
    for name in ("time", "bytes", "sentence", "sentences", "json", "text"):
        if isinstance(column.type, JSON if name == "json" else type(_KINDS[name][0])):
            return name
    return "plain"


def _write_rows(file: IO[str], kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writers = [_KINDS[kind][1] for kind in kinds]
    for row in rows:
        told = [None if value is None else write(value) for write, value in zip(writers, row, strict=True)]
        file.write(json.dumps(told, separators=(",", ":")) + "\n")


def _as_it_is(value: Any) -> Any:
    return value


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_IN_POSTGRESQL.sub("", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


def _rows(file: IO[str], columns: dict[str, str], clean: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
    readers = [(name, _KINDS[kind][2]) for name, kind in columns.items()]
    for line in file:
        values = clean(json.loads(line))
        yield {name: None if value is None else read(value) for (name, read), value in zip(readers, values, strict=True)}
