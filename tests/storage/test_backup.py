"""A backup is one moment of a running Haggle, whole; it comes back into either database, or not at all."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core.errors import Invalid, Missing
from core.words import Told
from storage import audit, migrate
from storage.backup import backup, restore
from storage.db import Database, sqlite_url
from storage.lock import FolderLock
from storage.models import Account, AuditEntry, Base, Member, Workspace
from storage.secrets import Keyring, key_of_folder
from tests.clock import TestClock
from tests.databases import Postgres
from tests.rows import add_events, add_listing, change_row, workspace_row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a key and two photos."""
    made = tmp_path / "data"
    photos = made / "photos" / "ab" / "cd"
    photos.mkdir(parents=True)
    key_of_folder(made)
    for name in ("one.webp", "two.webp"):
        (photos / name).write_bytes(os.urandom(2000))
    return made


@pytest.fixture(params=["into sqlite", pytest.param("into postgres", marks=pytest.mark.postgres)])
def other_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where to restore: the folder's own SQLite (None), or an empty PostgreSQL database."""
    if request.param == "into sqlite":
        yield None
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


REASON = Told("{name} asks to slow down.", name="eBay")


async def fill(db: Database, clock: TestClock, folder: Path) -> None:
    """Something of every kind of value: sealed bytes, JSON, times with and without, text of the world, an audit chain."""
    listing = await add_listing(db)
    await add_events(db, 1500, body={"text": 'Größe 42 ✓ \u2028 \\ "', "n": [1, 2.5, None, True]})
    async with db.write() as session:
        session.add(change_row(listing, clock, before={}, after={"price": 4500}))
        account = await session.get_one(Account, listing.account_id)
        account.credentials = Keyring(key_of_folder(folder)).seal({"token": "secret"}, account.id)
        account.tokens = 0.1
        account.last_error, account.settings = REASON, {"problems": [REASON]}
        for number in range(30):
            told = {"number": number, "share": 0.25}
            audit.record(session, workspace="w", at=db.now(), actor="system", action="sold", subject=("item", "i"), data=told)
    await audit.seal(db)


async def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    db = Database(url, TestClock(), pool=1)
    try:
        async with db.read() as session:
            return {
                table.name: sorted(tuple(row) for row in (await session.execute(select(table))).all())
                for table in Base.metadata.sorted_tables
            }
    finally:
        await db.close()


async def reasons(url: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The parts of what is kept as a sentence, by itself and inside JSON."""
    db = Database(url, TestClock(), pool=1)
    try:
        async with db.read() as session:
            account = (await session.execute(select(Account))).scalar_one()
        assert isinstance(account.last_error, Told)
        return account.last_error.values, account.settings["problems"][0].values
    finally:
        await db.close()


async def test_everything_comes_back_on_either_database(
    database: Database, clock: TestClock, folder: Path, tmp_path: Path, other_url: str | None
) -> None:
    await fill(database, clock, folder)
    file = tmp_path / "copy.tar.gz"
    made = await backup(database.url, folder, file)
    assert (made.rows["inbox_event"], made.rows["audit_entry"], made.photos, made.key) == (1500, 30, 2, False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    new = tmp_path / "new"
    back = await restore(file, new, other_url)
    assert (back.rows, back.photos, back.key) == (made.rows, 2, False)
    assert back.audit == audit.ChainReport(sealed=30, unsealed=0)
    url = other_url or sqlite_url(new)
    assert await migrate.current(url) == migrate.HEAD
    assert await everything(url) == await everything(database.url)
    assert await reasons(url) == (REASON.values, REASON.values)
    assert {path.name for path in new.iterdir()} == {"photos", "haggle.lock"} | (set() if other_url else {"haggle.db"})
    for photo in (folder / "photos").rglob("*.webp"):
        assert (new / photo.relative_to(folder)).read_bytes() == photo.read_bytes()


async def test_the_key_is_in_the_copy_only_when_asked_for(database: Database, clock: TestClock, folder: Path, tmp_path: Path) -> None:
    await fill(database, clock, folder)
    await backup(database.url, folder, tmp_path / "with.tar.gz", with_key=True)
    back = await restore(tmp_path / "with.tar.gz", tmp_path / "new")
    assert back.key
    assert key_of_folder(tmp_path / "new") == key_of_folder(folder)
    assert stat.S_IMODE((tmp_path / "new" / "secret.key").stat().st_mode) == 0o600

    (folder / "secret.key").unlink()
    with pytest.raises(Missing, match="HAGGLE_SECRET_KEY"):
        await backup(database.url, folder, tmp_path / "without.tar.gz", with_key=True)
    assert not (tmp_path / "without.tar.gz").exists()


async def test_a_copy_is_one_moment_while_writes_go_on(database: Database, clock: TestClock, folder: Path, tmp_path: Path) -> None:
    """Each write adds a member and counts it; no copy may hold one without the other."""
    async with database.write() as session:
        session.add(home := workspace_row(clock, next_item=0))
    stop = asyncio.Event()

    async def write() -> int:
        writes = 0
        while not stop.is_set():
            async with database.write() as session:
                session.add(Member(workspace_id=home.id, name=f"m{writes}", role="seller", created_at=clock.now()))
                row = await session.get_one(Workspace, home.id)
                row.next_item += 1
                audit.record(session, workspace=home.id, at=clock.now(), actor="system", action="joined", subject=("member", "m"))
            if writes % 7 == 0:
                await audit.seal(database)
            writes += 1
        return writes

    writing = asyncio.create_task(write())
    for number in range(3):
        await backup(database.url, folder, tmp_path / f"{number}.tar.gz")
    stop.set()
    assert await writing > 3, "writers were not kept waiting"
    for number in range(3):
        back = await restore(tmp_path / f"{number}.tar.gz", tmp_path / f"new{number}")
        assert back.audit is not None
        assert back.audit.broken_at is None
        restored = Database(sqlite_url(tmp_path / f"new{number}"), clock)
        async with restored.read() as session:
            counted = (await session.execute(select(Workspace.next_item))).scalar_one()
            members = (await session.execute(select(func.count()).select_from(Member))).scalar_one()
            entries = (await session.execute(select(func.count()).select_from(AuditEntry))).scalar_one()
        await restored.close()
        assert counted == members == entries


async def test_a_copy_of_a_tampered_trail_says_so_when_it_is_restored(
    database: Database, clock: TestClock, folder: Path, tmp_path: Path
) -> None:
    await fill(database, clock, folder)
    async with database.write() as session:
        await session.execute(text("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 7"))
    await backup(database.url, folder, tmp_path / "copy.tar.gz")
    back = await restore(tmp_path / "copy.tar.gz", tmp_path / "new")
    assert back.audit is not None
    assert back.audit.broken_at == 7


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_text_that_postgresql_cannot_keep_does_not_stop_a_restore(
    database: Database, clock: TestClock, folder: Path, tmp_path: Path, other_url: str | None
) -> None:
    """A version that let it in may have made the copy."""
    async with database.write() as session:
        session.add(workspace_row(clock, name="At\0tic"))
    await add_events(database, body={"te\0xt": ["a\0b", {"half": "\ud83d!"}], "n": 1})
    await backup(database.url, folder, tmp_path / "copy.tar.gz")
    await restore(tmp_path / "copy.tar.gz", tmp_path / "new", other_url)
    url = other_url or sqlite_url(tmp_path / "new")
    rows = await everything(url)
    assert "Attic" in rows["workspace"][0] if other_url else "At\0tic" in rows["workspace"][0]
    told: object = {"text": ["ab", {"half": "!"}], "n": 1} if other_url else {"te\0xt": ["a\0b", {"half": "\ud83d!"}], "n": 1}
    assert told in rows["inbox_event"][0]


async def test_an_older_schema_is_not_copied(database: Database, folder: Path, tmp_path: Path) -> None:
    await migrate.downgrade(database.url, "0001")
    with pytest.raises(Invalid, match="haggle migrate"):
        await backup(database.url, folder, tmp_path / "copy.tar.gz")


@pytest.fixture
async def copy(database: Database, clock: TestClock, folder: Path, tmp_path: Path) -> Path:
    await fill(database, clock, folder)
    await backup(database.url, folder, tmp_path / "copy.tar.gz")
    return tmp_path / "copy.tar.gz"


def tear(file: Path, share: float) -> None:
    """Keep the first part of a file only."""
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])


only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@only_sqlite
async def test_nothing_is_overwritten(copy: Path, database: Database, folder: Path, tmp_path: Path) -> None:
    before = await asyncio.to_thread(copy.read_bytes)
    with pytest.raises(Invalid, match="is there already"):
        await backup(database.url, folder, copy)
    assert await asyncio.to_thread(copy.read_bytes) == before
    with pytest.raises(Missing, match=r"There is no folder .*nowhere"):
        await backup(database.url, folder, tmp_path / "nowhere" / "copy.tar.gz")


@only_sqlite
async def test_what_killed_copies_left_is_tidied_up(database: Database, folder: Path, tmp_path: Path) -> None:
    """Rows in the clear must not lie about."""
    killed, running = tmp_path / ".haggle-backup-killed", tmp_path / ".haggle-backup-running"
    for left in (killed, running):
        left.mkdir()
        (left / "member.jsonl").write_text("{}")
    os.utime(killed, (0, 0))
    await backup(database.url, folder, tmp_path / "copy.tar.gz")
    assert (killed.exists(), running.exists()) == (False, True)
    unfinished = tmp_path / "new" / ".restoring"
    unfinished.mkdir(parents=True)
    (unfinished / "haggle.db").write_bytes(b"half")
    await restore(tmp_path / "copy.tar.gz", tmp_path / "new")
    assert not unfinished.exists()


@only_sqlite
async def test_a_folder_in_use_is_not_restored_into(copy: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not empty"):
        await restore(copy, folder)
    held = FolderLock.take(tmp_path / "new")
    with pytest.raises(Invalid, match="in use by process"):
        await restore(copy, tmp_path / "new")
    held.release()


@only_sqlite
async def test_a_database_in_use_is_not_restored_into(copy: Path, database: Database, tmp_path: Path) -> None:
    before = await everything(database.url)
    with pytest.raises(Invalid, match="empty one"):
        await restore(copy, tmp_path / "new", database.url)
    assert await everything(database.url) == before
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["haggle.lock"]


@only_sqlite
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
async def test_a_torn_file_leaves_nothing_behind(copy: Path, tmp_path: Path, share: float) -> None:
    tear(copy, share)
    with pytest.raises(Invalid, match="torn"):
        await restore(copy, tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["haggle.lock"]


@only_sqlite
async def test_what_is_no_backup_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        await restore(tmp_path / "nothing.tar.gz", tmp_path / "new")
    for name in ("../outside", "photos/../../outside", "/etc/outside", "elsewhere/file"):
        with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as tar:
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        with pytest.raises(Invalid, match="no backup"):
            await restore(tmp_path / "bad.tar.gz", tmp_path / "new")
    assert not any("outside" in names for _, _, names in os.walk(tmp_path))
