"""The stand-in marketplaces of `--sandbox`: a process of its own, and the settings that point at it.

Whoever starts them stops them, so `make run` starts both and stops both; stand-ins that were started by `haggle sandbox` go on.
A server that was killed leaves its stand-ins running; the next one takes them over.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.listening import command_of, who_listens
from bot.settings import Settings
from core.errors import Invalid, Unreachable
from storage import lock

FOLDER = "sandbox"
SHOP = "sandbox-shop"  # the shop of the stand-in for Shopify
START_SECONDS = 15.0
STOP_SECONDS = 3.0
_OWN = {"ebay": ("ebay_client_id", "ebay_api_url", "ebay_env"), "shopify": ("shopify_client_id", "shopify_url")}
_STARTED = "started-by-serve.pid"
_STAND_INS = re.compile(r"\b(bot|haggle)(/__main__\.py)? sandbox\b")  # how their command line reads


@dataclass(slots=True)
class StandIns:
    """Running stand-ins. `process` is None when we did not start them; `pid` is who they are then."""

    url: str
    folder: Path
    process: subprocess.Popen[str] | None = None
    pid: int = 0

    def credentials(self) -> dict[str, dict[str, str]]:
        """Client ids and secrets by marketplace, made by the stand-ins at their first start."""
        noted = json.loads((self.folder / "sandbox.json").read_text("utf-8"))
        return {name: value for name, value in noted.items() if isinstance(value, dict)}

    async def stop(self) -> None:
        """End what we started, or an earlier server of this folder that could not stop it any more. Stand-ins of their own go on."""
        note = self.folder / _STARTED
        pid = self.process.pid if self.process else await asyncio.to_thread(_taken_over, self.folder)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if self.process is not None:
            try:
                await asyncio.to_thread(self.process.wait, STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        note.unlink(missing_ok=True)


async def run(settings: Settings) -> StandIns:
    """Stand-ins of this data folder: the ones that run, or new ones. Raises `Invalid` when the address belongs to somebody else,
    `Unreachable` when they do not start."""
    folder = settings.data_folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    running = await asyncio.to_thread(_running, folder)
    if running is not None:
        return running
    named = urlsplit(settings.sandbox_url).port
    port = 8090 if named is None else named
    program = await asyncio.to_thread(who_listens, port)
    if program is not None:
        if settings.differs("sandbox_url"):
            told = f"Port {port} of HAGGLE_SANDBOX_URL is taken by {program.name} (process {program.pid}). Set another address there."
            raise Invalid(told)
        port = 0
    return await _start(settings, folder, port)


async def beside(settings: Settings) -> Settings:
    """Settings of a worker beside a server with stand-ins. Raises `Invalid` when there is none that it can see."""
    found = await asyncio.to_thread(_running, settings.data_folder / FOLDER)
    held = await asyncio.to_thread(lock.holder, settings.data_folder)
    if found is None or held is None or not held.address:
        raise Invalid(f"No stand-in marketplaces run in {settings.data_folder}. Start `haggle serve --sandbox` there first.")
    return point(settings.model_copy(update={"port": urlsplit(held.address).port}), found)


def were_used(folder: Path) -> bool:
    """Whether a data folder has met stand-ins: what is connected there is not real."""
    return (folder / FOLDER / "sandbox.json").exists()


def _running(folder: Path) -> StandIns | None:
    """The stand-ins that hold this folder, when they are alive and answer. A process id alone says nothing: it may be another's by now."""
    try:
        noted = json.loads((folder / "sandbox.json").read_text("utf-8"))
        url, pid = str(noted["url"]), int(noted["pid"])
        if not _STAND_INS.search(command_of(pid)):
            return None
        if httpx.get(f"{url}/control/health", timeout=2, trust_env=False).status_code != 200:
            return None
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    listens = who_listens(urlsplit(url).port or 0)
    return StandIns(url, folder, pid=pid) if listens is None or listens.pid == pid else None


async def _start(settings: Settings, folder: Path, port: int) -> StandIns:
    command = [sys.executable, "-m", "bot", "sandbox", "--data", str(settings.data_folder), "--port", str(port)]
    with (folder / "sandbox.log").open("a") as log:
        # A group of its own: Ctrl-C in the terminal is for the server, which stops the stand-ins when it is done with them.
        process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a millisecond
            command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True, start_new_session=True
        )
    assert process.stdout is not None
    (folder / _STARTED).write_text(str(process.pid))
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await asyncio.to_thread(process.stdout.readline)
    except TimeoutError:
        line = ""
    if " at " not in line:
        process.kill()
        raise Unreachable(f"The stand-in marketplaces did not start. {folder / 'sandbox.log'} says why.")
    return StandIns(line.strip().rpartition(" ")[2], folder, process)


def _taken_over(folder: Path) -> int | None:
    """The process of stand-ins that an earlier server of this folder started and could not stop."""
    found = _running(folder)
    try:
        started = int((folder / _STARTED).read_text())
    except (OSError, ValueError):
        return None
    return started if found is not None and found.pid == started else None


def point(settings: Settings, stand_ins: StandIns) -> Settings:
    """Settings that sell on the stand-ins, but for the marketplaces that have settings of their own. `port` must be the real one."""
    keys = stand_ins.credentials()
    changes: dict[str, Any] = {"sandbox_url": stand_ins.url}
    kinds = kinds_of(settings)
    here = f"http://localhost:{settings.port}"
    if "ebay" in kinds:
        changes |= {
            "ebay_api_url": f"{stand_ins.url}/ebay",
            "ebay_media_url": f"{stand_ins.url}/ebay-media",
            "ebay_finances_url": f"{stand_ins.url}/ebay-apiz",
            "ebay_identity_url": f"{stand_ins.url}/ebay-apiz",
            "ebay_auth_url": f"{stand_ins.url}/ebay-auth",
            "ebay_site_url": f"{stand_ins.url}/store/ebay",
            "ebay_client_id": keys["ebay"]["client_id"],
            "ebay_client_secret": keys["ebay"]["client_secret"],
            "ebay_ru_name": f"{here}/oauth/ebay/callback",
            "ebay_verification_token": hashlib.sha256(keys["ebay"]["client_secret"].encode()).hexdigest(),
            "ebay_alert_email": settings.ebay_alert_email or "seller@example.com",
        }
    if "shopify" in kinds:
        changes |= {
            "shopify_url": f"{stand_ins.url}/shopify/{{shop}}",
            "shopify_client_id": keys["shopify"]["client_id"],
            "shopify_client_secret": keys["shopify"]["client_secret"],
            "shopify_redirect_uri": f"{here}/oauth/shopify/callback",
        }
    if kinds == {"ebay", "shopify"} and not settings.public_url:
        changes["public_url"] = here  # the stand-ins reach this machine; a real marketplace would not
    return settings.model_copy(update=changes)


def kinds_of(settings: Settings) -> set[str]:
    """The marketplaces to stand in for: those that have neither keys nor an address of their own."""
    return {kind for kind, names in _OWN.items() if not any(settings.differs(name) for name in names)}
