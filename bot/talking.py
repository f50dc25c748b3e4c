"""`haggle talk`: a conversation in the terminal, with the server that holds the data folder or with one of our own."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TextIO

import httpx

from bot.settings import Settings
from bot.surfaces.terminal import lines_of, talk
from core.errors import Invalid
from storage import lock

TOKEN = "talk.token"  # the name of the file that `haggle serve` writes  # noqa: S105


async def converse(settings: Settings, script: Path | None, *, times: bool = False) -> int:
    """Talk until the lines end. Answers the exit code: 1 when a script's line was not as it should be. Raises `Invalid` when the
    script cannot be read, or the server that runs cannot be talked to."""
    async with AsyncExitStack() as stack:
        stream = stack.enter_context(_open(script))
        address, token = _there(settings.data_folder)
        if not address:
            from bot.serving import running  # the whole house: only when nobody else is it

            own = settings.model_copy(update={"host": "127.0.0.1", "port": 0, "surfaces": True})
            house = await stack.enter_async_context(running(own))
            address, token = house.address, house.token
        # The name localhost may mean an IPv6 address first, where nobody listens.
        base = address.replace("//localhost:", "//127.0.0.1:")
        headers = {"Authorization": f"Bearer {token}"}
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, headers=headers, trust_env=False, timeout=30))
        interactive = script is None and stream.isatty()
        if interactive:
            sys.stdout.write(f"Talking with Haggle at {address}. /help says what it can do, quit ends.\n")
        return await talk(client, lines_of(stream), sys.stdout, interactive=interactive, times=times)


def _open(script: Path | None) -> TextIO:
    if script is None or str(script) == "-":
        return open(sys.stdin.fileno(), encoding="utf-8", closefd=False)
    try:
        return script.open(encoding="utf-8")
    except OSError as error:
        raise Invalid(f"The script {script} cannot be read: {error.strerror}.") from error


def _there(folder: Path) -> tuple[str, str]:
    """Address and token of the server that holds the folder; empty when none does."""
    held = lock.holder(folder) if folder.is_dir() else None
    if held is None:
        return "", ""
    if not held.address:
        raise Invalid(f"Process {held.pid or '(unknown)'} holds {folder}, but does not listen yet. Try again in a moment.")
    try:
        return held.address, (folder / TOKEN).read_text("utf-8")
    except OSError as error:
        raise Invalid(
            f"Haggle runs at {held.address}, but its file {folder / TOKEN} may not be read. Run this as the same user."
        ) from error
