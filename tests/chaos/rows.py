"""The database as plain SQL, past everything of ours: what the checker reads, and how the run lets time pass."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

JSON_COLUMNS = frozenset({"data", "card", "outcome", "external", "after", "body", "theirs"})


class Rows:
    """One connection. Statements are written with `:name`; times go in and come out aware, JSON comes out decoded."""

    def __init__(self, where: str) -> None:
        self.is_postgres = where.startswith("postgresql")
        self._connection: Any = (
            psycopg.connect(where, autocommit=True, row_factory=dict_row) if self.is_postgres else _open_file(Path(where))
        )

    def all(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        return [{name: self._out(name, value) for name, value in dict(row).items()} for row in self._run(statement, values).fetchall()]

    def one(self, statement: str, **values: Any) -> Any:
        """The first column of the first row, None when there is none."""
        found = self.all(statement, **values)
        return next(iter(found[0].values())) if found else None

    def run(self, statement: str, **values: Any) -> int:
        """Write, in a transaction of its own. Answers how many rows."""
        return int(self._run(statement, values).rowcount)

    def close(self) -> None:
        self._connection.close()

    def _run(self, statement: str, values: Mapping[str, Any]) -> Any:
        if self.is_postgres:
            for name in values:
                statement = statement.replace(f":{name}", f"%({name})s")
            return self._connection.execute(statement, values)
        told = {name: _stamp(value) if isinstance(value, datetime) else value for name, value in values.items()}
        return self._connection.execute(statement, told)

    def _out(self, name: str, value: Any) -> Any:
        if name in JSON_COLUMNS and isinstance(value, str):
            return json.loads(value)
        if isinstance(value, str) and (name == "at" or name.endswith(("_at", "_until"))):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value.astimezone(UTC) if isinstance(value, datetime) else value


def now(seconds: float = 0.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _open_file(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
