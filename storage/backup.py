"""A consistent copy of everything while Haggle runs, in one file, and the way back.

The file is a .tar.gz: `manifest.json`, the rows as `tables/TABLE.jsonl` (one snapshot; see `storage/rows.py`), `photos/…`, and
`secret.key` where it was asked for. The same file restores into SQLite and into PostgreSQL. Photos are read after the rows, and a
photo's files never change, so every photo that a row names is in the copy.

Without the key the marketplace credentials and buyers' data in the copy are sealed: keep the key elsewhere, or ask for it and keep
the copy as safe as the key.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import Invalid, Missing
from storage import audit, migrate
from storage.db import Database, sqlite_url
from storage.lock import NAME as LOCK
from storage.lock import FolderLock
from storage.rows import read_table, snapshot, write_tables

FORMAT = 1
KEY = "secret.key"
PHOTOS = "photos"
TABLES = "tables"
MANIFEST = "manifest.json"
SCRATCH = ".restoring"
TEMPORARY = ".haggle-backup-"
NOTE = "backup.json"
LEFTOVERS = 24 * 3600.0  # seconds after which nobody can be writing there any more


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds, or a restore brought back. `audit` is None for a backup; a restore has walked the chain anew."""

    rows: dict[str, int]
    photos: int
    key: bool
    audit: audit.ChainReport | None = None


async def backup(url: str, folder: Path, target: Path, *, with_key: bool = False) -> Copied:
    """Write `target`, which appears whole or not at all. Raises `Invalid` when it is there already or the schema is older, `Missing` when
    its folder or the key is not there."""
    await asyncio.to_thread(_make_way, target)
    if await migrate.current(url) != migrate.HEAD:
        raise Invalid("The database is not at this version's schema. Run `haggle migrate` first.")
    if with_key and not (folder / KEY).exists():
        raise Missing(f"There is no {KEY} in {folder}: the key comes from HAGGLE_SECRET_KEY, keep that one safe yourself.")
    part = target.with_name(target.name + ".part")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=TEMPORARY) as scratch:
        tables = Path(scratch)
        async with snapshot(url) as connection:
            rows = await write_tables(connection, tables)
        manifest = {"format": FORMAT, "revision": migrate.HEAD, "made": datetime.now(UTC).isoformat(), "rows": rows}
        try:
            photos = await asyncio.to_thread(_pack, part, manifest, tables, folder, with_key)
            part.replace(target)
            _note(folder, str(manifest["made"]))
        finally:
            part.unlink(missing_ok=True)
    return Copied(rows, photos, with_key)


def _note(folder: Path, made: str) -> None:
    """Remember when the last copy was made: the running Haggle says so, and the database is not this process's to write."""
    with suppress(OSError):  # a folder that may only be read can be copied all the same
        (folder / NOTE).write_text(json.dumps({"made": made}))


def last_backup(folder: Path) -> datetime | None:
    """When the last copy of a data folder was made; None when nobody noted one."""
    try:
        return datetime.fromisoformat(json.loads((folder / NOTE).read_text())["made"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make_way(target: Path) -> None:
    """Check where the copy is to be, and delete what copies that were killed left there: it holds rows in the clear."""
    if not target.parent.is_dir():
        raise Missing(f"There is no folder {target.parent}. Make it, or write the backup elsewhere.")
    if target.exists():
        raise Invalid(f"{target} is there already, and no backup overwrites another. Choose another name, or move it away.")
    for left in target.parent.glob(f"{TEMPORARY}*"):
        if left.stat().st_mtime < time.time() - LEFTOVERS:
            shutil.rmtree(left, ignore_errors=True)


async def restore(file: Path, folder: Path, url: str | None = None) -> Copied:
    """Bring a backup back into an empty `folder`, and its rows into the database of `url` (default: SQLite in the folder).

    Raises `Invalid` when the folder or the database holds something already or the file is no whole backup, `Missing` when there is
    no such file. Leaves nothing behind then.
    """
    lock = FolderLock.take(folder)
    scratch = folder / SCRATCH
    try:
        shutil.rmtree(scratch, ignore_errors=True)  # of a restore that was killed here
        manifest = await asyncio.to_thread(_unpack, file, folder, scratch)
        chain = await _fill(url or sqlite_url(scratch), scratch / TABLES, manifest)
        photos = await asyncio.to_thread(_settle, scratch, folder)
        return Copied(manifest["rows"], photos, (folder / KEY).exists(), chain)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        lock.release()


async def _fill(url: str, tables: Path, manifest: dict[str, Any]) -> audit.ChainReport:
    """Migrate to the revision of the backup, insert its rows in one transaction, migrate on to ours, and check."""
    if await migrate.current(url) is not None:
        raise Invalid("The database holds something already. Restore into an empty one.")
    try:
        await migrate.upgrade(url, manifest["revision"])
        async with migrate.connected(url) as connection:
            for table, expected in manifest["rows"].items():
                if await read_table(connection, tables / f"{table}.jsonl") != expected:
                    raise Invalid(f"The backup is torn: rows of {table} are missing.")
        await migrate.upgrade(url)
    except BaseException:
        await migrate.downgrade(url, "base")
        raise
    db = Database(url, _Clock(), pool=1)
    try:
        return await audit.verify(db)
    finally:
        await db.close()


def _pack(part: Path, manifest: dict[str, Any], tables: Path, folder: Path, with_key: bool) -> int:
    with (
        open(part, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file,
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar,
    ):
        told = json.dumps(manifest, indent=1).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size = len(told)
        tar.addfile(head, io.BytesIO(told))
        for path in sorted(tables.iterdir()):
            tar.add(path, f"{TABLES}/{path.name}")
        if with_key:
            tar.add(folder / KEY, KEY)
        photos = _pack_photos(tar, folder)
        tar.close()
        os.fsync(file.fileno())
    return photos


def _pack_photos(tar: tarfile.TarFile, folder: Path) -> int:
    count = 0
    for path in sorted((folder / PHOTOS).rglob("*")):
        if path.is_file():
            try:
                tar.add(path, path.relative_to(folder).as_posix())
            except FileNotFoundError:  # a temporary file, or an orphan that was tidied away meanwhile
                continue
            count += 1
    return count


def _unpack(file: Path, folder: Path, scratch: Path) -> dict[str, Any]:
    if not file.exists():
        raise Missing(f"There is no file {file}.")
    if others := sorted(path.name for path in folder.iterdir() if path.name != LOCK):
        raise Invalid(f"The folder {folder} is not empty (it holds {others[0]}). Choose an empty one with --data DIR.")
    scratch.mkdir()
    try:
        with tarfile.open(file, "r:gz") as tar:
            _extract(tar, tar, scratch)
        manifest: dict[str, Any] = json.loads((scratch / MANIFEST).read_text())
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        raise Invalid(f"{file} is no backup of Haggle, or it is torn.", cause=repr(error)) from error
    if manifest.get("format") != FORMAT:
        raise Invalid(f"{file} was made by a newer Haggle. Restore it with that version.")
    return manifest


def _extract(tar: tarfile.TarFile, members: Iterable[tarfile.TarInfo], scratch: Path) -> None:
    """Only plain files, only where a backup has them: an archive from elsewhere writes nowhere else."""
    for member in members:
        name = PurePosixPath(member.name)
        known = name.parts[0] in (TABLES, PHOTOS) or member.name in (MANIFEST, KEY)
        content = tar.extractfile(member) if member.isfile() else None
        if content is None or not known or name.is_absolute() or ".." in name.parts:
            raise ValueError(f"{member.name} does not belong in a backup")
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with content, open(path, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            shutil.copyfileobj(content, file)


def _settle(scratch: Path, folder: Path) -> int:
    """Move what was restored into place, the database last: a folder with a database is a whole one."""
    photos = sum(1 for path in (scratch / PHOTOS).rglob("*") if path.is_file())
    for name in (PHOTOS, KEY, "haggle.db"):
        if (scratch / name).exists():
            (scratch / name).replace(folder / name)
    return photos


class _Clock:
    """Real time."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC)
