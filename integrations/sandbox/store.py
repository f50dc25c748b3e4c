"""The stand-ins' state: JSON documents by kind and key, in memory, written through to one SQLite file.

Memory answers every read. Writes gather until `flush`, which the app calls once before each answer leaves, so what a
request changed is on disk together or not at all. `synchronous=OFF` survives a killed process (the system holds the
pages), which is all that a stand-in promises; it does not survive a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Doc = dict[str, Any]


class Store:
    """`get` and `all` give the live documents: after changing one, `put` it again."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE IF NOT EXISTS doc (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID")
        self._docs: dict[str, dict[str, Doc]] = {}
        for kind, key, body in self._db.execute("SELECT kind, key, body FROM doc"):
            self._docs.setdefault(kind, {})[key] = json.loads(body)
        self._changed: dict[tuple[str, str], Doc | None] = {}

    def get(self, kind: str, key: str) -> Doc | None:
        return self._docs.get(kind, {}).get(key)

    def all(self, kind: str) -> Mapping[str, Doc]:
        """Every document of a kind by key. Keys come in the order they were first put; after a restart, sorted."""
        return self._docs.get(kind, {})

    def put(self, kind: str, key: str, doc: Doc) -> None:
        self._docs.setdefault(kind, {})[key] = doc
        self._changed[kind, key] = doc

    def delete(self, kind: str, key: str) -> None:
        if self._docs.get(kind, {}).pop(key, None) is not None:
            self._changed[kind, key] = None

    def number(self, name: str, first: int) -> int:
        """The next of a counter that starts at `first` and never gives a number twice, not even after `wipe`."""
        doc = self._docs.get("counter", {}).get(name) or {"next": first}
        value = int(doc["next"])
        self.put("counter", name, {"next": value + 1})
        return value

    def wipe(self, prefix: str) -> None:
        """Delete every document whose kind begins with `prefix`."""
        for kind in [one for one in self._docs if one.startswith(prefix)]:
            for key in list(self._docs[kind]):
                self.delete(kind, key)

    def flush(self) -> None:
        """Write what changed since the last time, in one transaction."""
        if not self._changed:
            return
        gone = [at for at, doc in self._changed.items() if doc is None]
        kept = [(*at, json.dumps(doc, separators=(",", ":"))) for at, doc in self._changed.items() if doc is not None]
        self._changed.clear()
        self._db.execute("BEGIN")
        self._db.executemany("DELETE FROM doc WHERE kind = ? AND key = ?", gone)
        self._db.executemany("INSERT INTO doc VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", kept)
        self._db.execute("COMMIT")

    def close(self) -> None:
        self.flush()
        self._db.close()
