"""`haggle doctor`: looks at everything that Haggle stands on, and says what to do. It changes nothing.

Each check gives findings; a check that meets something unforeseen is itself a bad finding.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

import httpx
from PIL import Image, ImageDraw
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import SystemClock
from bot.footing import is_there, lost_key
from bot.settings import Settings, names_in_file, unknown
from bot.surfaces import slack_check
from core.errors import HaggleError
from core.ports import PhotoIn
from core.values.states import AccountState
from integrations.ai import offline
from storage import audit, lock, migrate, sealed, work
from storage.db import Database
from storage.helper import Helper
from storage.models import Account
from storage.secrets import Keyring, key_of_folder, parse_keys

LATE = 60.0  # seconds that due work may wait before it is worth a word
SKEW = 2.0  # seconds by which clocks may differ
LITTLE = 500 * 1024 * 1024  # bytes of free space
FEW = 100 * 1024 * 1024
_WORD = "HAGGLE 4711"

Mood = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `told` says what is there, and what to do where it is not as it should be."""

    mood: Mood
    what: str
    told: str


Check = Callable[[Settings], Awaitable[Sequence[Finding]]]


async def examine(settings: Settings, out: TextIO) -> int:
    """Run every check and write a line for each finding. Answers the exit code: 1 when something is bad."""
    worst = 0
    for check in CHECKS:
        for finding in await _run(check, settings):
            out.write(f"{finding.mood:<4}  {finding.what:<12}  {finding.told}\n")
            out.flush()
            worst = max(worst, int(finding.mood == "bad"))
    out.write("Something has to be done.\n" if worst else "Haggle is well.\n")
    return worst


async def _run(check: Check, settings: Settings) -> Sequence[Finding]:
    name = check.__name__.strip("_")
    try:
        return await check(settings)
    except HaggleError as error:
        return [Finding("bad", name, str(error))]
    except (OSError, SQLAlchemyError) as error:
        return [Finding("bad", name, f"could not be looked at: {type(error).__name__}: {str(error).splitlines()[0]}")]


async def _settings(settings: Settings) -> Sequence[Finding]:
    found = [Finding("warn", "settings", sentence) for sentence in unknown([*os.environ, *names_in_file()])]
    if settings.secret_key:
        Keyring(parse_keys(settings.secret_key))
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.public_url:
        found.append(
            Finding("warn", "settings", "Haggle listens to other machines without https: put a proxy before it, or HAGGLE_HOST back.")
        )
    if not settings.outward:
        found.append(Finding("warn", "settings", "HAGGLE_OUTWARD is off: nothing is listed or taken down until it is on."))
    return found or [Finding("ok", "settings", "all make sense")]


async def _folder(settings: Settings) -> Sequence[Finding]:
    return await asyncio.to_thread(_look_at, settings.data_folder)


def _look_at(folder: Path) -> Sequence[Finding]:
    if not folder.is_dir():
        return [Finding("warn", "folder", f"{folder} is not there yet: `haggle serve` makes it.")]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [Finding("bad", "folder", f"{folder} may not be written to. Give this user the right, or choose another with --data.")]
    found = [_lock(folder), _space(folder)]
    if folder.stat().st_mode & 0o007:
        found.append(Finding("warn", "folder", f"everybody on this machine may look into {folder}: chmod 700 {folder}"))
    key = folder / "secret.key"
    if key.exists() and key.stat().st_mode & 0o077:
        found.append(Finding("bad", "folder", f"others may read the key that opens your credentials: chmod 600 {key}"))
    return found


def _lock(folder: Path) -> Finding:
    held = lock.holder(folder)
    if held is None:
        return Finding("ok", "folder", f"{folder} is free: Haggle does not run.")
    return Finding("ok", "folder", f"{folder} is held by process {held.pid}, which is at {held.address or 'no address yet'}")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    told = f"{free // 1024 // 1024} MB are free"
    if free < FEW:
        return Finding("bad", "disk", f"{told}: make room, or sales cannot be recorded.")
    return Finding("warn" if free < LITTLE else "ok", "disk", told + (": make room soon." if free < LITTLE else ""))


async def _database(settings: Settings) -> Sequence[Finding]:
    if not await asyncio.to_thread(is_there, settings):
        return [Finding("warn", "database", "is not there yet: `haggle serve` makes it.")]
    revision = await migrate.current(settings.database)
    if revision != migrate.HEAD:
        return [Finding("bad", "database", f"is at schema {revision or 'none'}, this version needs {migrate.HEAD}: run `haggle migrate`.")]
    return [Finding("ok", "database", f"{'SQLite' if settings.on_sqlite else 'PostgreSQL'} answers, schema {revision}")]


async def _contents(settings: Settings) -> Sequence[Finding]:
    """What is in a database that is there and current."""
    if not await asyncio.to_thread(is_there, settings) or await migrate.current(settings.database) != migrate.HEAD:
        return []
    db = Database(settings.database, SystemClock(), pool=1)
    try:
        return [*await _clocks(db), await _keys(db, settings), await _audit(db), await _queue(db), *await _accounts(db)]
    finally:
        await db.close()


async def _clocks(db: Database) -> Sequence[Finding]:
    if db.is_sqlite:
        return []
    skew = (await db.compare_clocks()).total_seconds()
    told = f"this machine is {abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} the database"
    if abs(skew) <= SKEW:
        return [Finding("ok", "clock", told)]
    return [Finding("warn", "clock", f"{told}. Haggle goes by the database's clock; let both machines set theirs from the network (NTP).")]


async def _keys(db: Database, settings: Settings) -> Finding:
    ids = await asyncio.to_thread(_key_ids, settings)
    found = await sealed.report(db, ids)
    if found.lost:
        return Finding("bad", "keys", lost_key(settings, found.lost))
    if found.old:
        told = f"{found.old} sealed values need an older key still. Haggle seals them anew, within two hours: keep the key until then."
        return Finding("warn", "keys", told)
    more = "; nothing needs the older ones any more" if len(ids) > 1 else ""
    return Finding("ok", "keys", f"whatever is sealed can be opened{more}")


def _key_ids(settings: Settings) -> tuple[bytes, ...]:
    """Of the keys that there are. None is made."""
    if settings.secret_key:
        return Keyring(parse_keys(settings.secret_key)).ids
    there = (settings.data_folder / "secret.key").exists()
    return Keyring(key_of_folder(settings.data_folder)).ids if there else ()


async def _audit(db: Database) -> Finding:
    report = await audit.verify(db)
    if report.broken_at is not None:
        return Finding("bad", "audit", f"the trail does not hold from entry {report.broken_at} on: somebody changed it. Compare a backup.")
    return Finding("ok", "audit", f"{report.sealed} entries hold together, {report.unsealed} are not sealed yet")


async def _queue(db: Database) -> Finding:
    now = db.now()
    due, oldest = 0, now
    async with db.read() as session:
        for kind in work.KINDS.values():
            columns: Any = kind.model.__table__.c
            waits = columns.state.in_(kind.claimable) & (columns.due_at <= now)
            count, first = (await session.execute(select(func.count(), func.min(columns.due_at)).where(waits))).one()
            due, oldest = due + count, min(oldest, first or now)
    late = (now - oldest).total_seconds()
    if late > LATE:
        told = f"{due} rows are due, the oldest for {late:.0f} s. If Haggle does not run, start it; if it does, the log says what it meets."
        return Finding("warn", "work", told)
    return Finding("ok", "work", f"{due} rows are due")


async def _accounts(db: Database) -> Sequence[Finding]:
    async with db.read() as session:
        accounts = (await session.execute(select(Account).where(Account.state != AccountState.DISCONNECTED))).scalars().all()
    if not accounts:
        return [Finding("ok", "accounts", "none is connected yet: /connect ebay or /connect shopify in the chat")]
    found = []
    for one in accounts:
        seen = f"last answer {_ago(one.last_ok_at)}" if one.last_ok_at else "no answer yet"
        if one.state != AccountState.ACTIVE:
            found.append(
                Finding("bad", "account", f"{one.name} is {one.state}: {one.last_error or 'connect it again'} (/connect {one.channel})")
            )
        else:
            found.append(Finding("warn" if one.last_error else "ok", "account", f"{one.name} is active, {seen}{_because(one.last_error)}"))
    return found


def _because(error: str) -> str:
    return f"; at last: {error}" if error else ""


def _ago(at: datetime) -> str:
    minutes = int((datetime.now(UTC) - at).total_seconds() // 60)
    return f"{minutes} min ago" if minutes else "just now"


async def _addresses(settings: Settings) -> Sequence[Finding]:
    if not settings.outward:
        return []
    async with httpx.AsyncClient(timeout=5) as client:
        return await asyncio.gather(*(_reach(client, name, url) for name, url in _outside(settings)))


def _outside(settings: Settings) -> Sequence[tuple[str, str]]:
    """The services that are set up, with what is asked of them (any answer will do)."""
    from integrations.ebay.settings import WORLDS

    wanted = [
        ("stand-ins", f"{settings.sandbox_url}/control/health" if settings.sandbox else ""),
        ("eBay", (settings.ebay_api_url or WORLDS[settings.ebay_env].api_url) if settings.ebay_client_id else ""),
        ("Shopify", "https://shopify.dev" if settings.shopify_client_id and "{shop}" in settings.shopify_url[:16] else ""),
        ("Telegram", settings.telegram_api_url if settings.telegram_bot_token else ""),
        ("AI model", settings.ai_base_url if settings.ai_api_key else ""),
    ]
    return [(name, url) for name, url in wanted if url]


async def _reach(client: httpx.AsyncClient, name: str, url: str) -> Finding:
    try:
        await client.get(url)
    except httpx.HTTPError as error:
        return Finding("bad", "network", f"{name} at {url} cannot be reached ({type(error).__name__}): check the network and the address.")
    return Finding("ok", "network", f"{name} answers at {url}")


async def _reading(_: Settings) -> Sequence[Finding]:
    """Really reads a picture, in the child process that will do it."""
    helper = Helper(offline.MODULE)
    try:
        findings = await offline.OfflineReader(helper).findings([PhotoIn(await asyncio.to_thread(_picture), "image/jpeg")])
    finally:
        await helper.close()
    if any("4711" in line.text for line in findings.lines):
        return [Finding("ok", "reading", "text on photos is read on this machine")]
    return [Finding("bad", "reading", f"a test picture was not read: run `make setup` again. {' '.join(findings.problems)}")]


def _picture() -> bytes:
    image = Image.new("RGB", (640, 160), "white")
    ImageDraw.Draw(image).text((30, 40), _WORD, fill="black", font_size=72)
    data = io.BytesIO()
    image.save(data, "JPEG")
    return data.getvalue()


async def _slack(settings: Settings) -> Sequence[Finding]:
    if not settings.slack_bot_token:
        return []
    told = await slack_check.look(
        token=settings.slack_bot_token, app_token=settings.slack_app_token, signing_secret=settings.slack_signing_secret,
        public_url=settings.public_url, api_url=settings.slack_api_url,
    )  # fmt: skip
    return [Finding(mood, "slack", sentence) for mood, sentence in told]


CHECKS: tuple[Check, ...] = (_settings, _folder, _database, _contents, _addresses, _slack, _reading)
