"""The terminal: a client of the same chat that the web page shows. Lines in, cards out as text; or a script that is replayed.

    photo PATH… [-- words]    sends photos, the words are their caption; a folder stands for the photos in it
    bulk PATH…                sends a camera roll, of many things; said again after a lost connection it goes on
    press LABEL               presses a button of the card that was shown last among those that have it
    3                         answers the question that was asked last; else it presses that button of the card that was shown
                              last, where there is one
    # …                       is skipped
    anything else             is said

In a script also:

    expect TEXT               waits up to 30 s until a card says TEXT (case and line breaks do not matter): one that was posted or
                              edited since the last sent line, or any card as it is now
    expect not TEXT           when nothing is left to do, no card shown since the last sent line says TEXT as it is now
    wait idle                 waits up to 30 s until nothing is left to do

A script's line waits until everything that the one before it caused is done. The first thing that is not as it should be ends it.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import httpx

from bot.surfaces.terminal_chat import Chat, ChatLost, Refusal, Shown
from bot.surfaces.terminal_files import write_beside
from bot.surfaces.terminal_roll import photos_in, send_roll
from bot.surfaces.terminal_text import find_button, pressable, render, render_edit, report, squeeze
from core.values.card import Button, Card

EXPECT_SECONDS = 30.0
RECENT = 10  # posts that somebody who comes back sees again

Extra = Callable[[str], Awaitable[str]]


class Stopped(Exception):
    """A script went wrong. The sentence says how."""


async def talk(
    client: httpx.AsyncClient,
    lines: AsyncIterator[str],
    out: TextIO,
    *,
    interactive: bool,
    times: bool = False,
    width: int = 100,
    extras: Mapping[str, Extra] | None = None,
    patience: float = EXPECT_SECONDS,
    folder: Path = Path(),
) -> int:
    """Converse until the lines end. Answers the exit code: 0 when all was fine, 1 when a script's line was not.

    `client` has the server's address and a session's bearer token. `extras` are further directives by their first word: each
    gets the rest of its line and answers what to show. A card's files are written into `folder`. Raises nothing that the server or the
    network does.
    """
    talking = Talk(client, out, interactive=interactive, times=times, width=width, extras=extras or {}, patience=patience, folder=folder)
    try:
        return await talking.run(lines)
    except ChatLost as error:
        talking.print(f"! {error}")
        return 1


class Talk:
    """One conversation."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        out: TextIO,
        *,
        interactive: bool,
        times: bool,
        width: int,
        extras: Mapping[str, Extra],
        patience: float,
        folder: Path,
    ) -> None:
        self._chat = Chat(client, self._show)
        self._out = out
        self._interactive = interactive
        self._times = times
        self._width = width
        self._extras = extras
        self._patience = patience
        self._folder = folder
        self._saving: set[asyncio.Task[None]] = set()
        self._opening = False  # what is shown was there before, its files with it
        self._since: dict[str, str] = {}  # what was shown since the last sent line, by post
        self._told: list[str] = []  # and what the client itself said

    async def run(self, lines: AsyncIterator[str]) -> int:
        history = await self._chat.open()
        if self._interactive:
            self._opening = True
            for shown in history[-RECENT:]:
                self._show(shown)
            self._opening = False
        following = asyncio.create_task(self._chat.follow(), name="terminal events")
        try:
            return await self._lines(lines, following)
        finally:
            following.cancel()
            await asyncio.gather(following, *self._saving, return_exceptions=True)

    async def _lines(self, lines: AsyncIterator[str], following: asyncio.Task[None]) -> int:
        number = 0
        async for line in lines:
            number += 1
            if following.done():
                following.result()
            words = line.strip()
            if not words or words.startswith("#"):
                continue
            if self._interactive:
                if words in ("quit", "exit"):
                    return 0
            else:
                self.print(f"> {words}")
            try:
                await self._do(words)
            except (Stopped, Refusal) as error:
                if not self._interactive:
                    self.print(f"line {number}: {error}")
                    return 1
                self.print(f"! {error}")
        return 0

    async def _do(self, words: str) -> None:
        first, _space, rest = words.partition(" ")
        rest = rest.strip()
        if first in self._extras:
            self._say_self(await self._extras[first](rest))
        elif first == "expect" and not self._interactive:
            await self._expect(rest)
        elif words == "wait idle" and not self._interactive:
            await self._settle()
        else:
            await self._send(words, first, rest)

    async def _send(self, words: str, first: str, rest: str) -> None:
        began = time.monotonic()
        self._since.clear()
        self._told.clear()
        if words == "photo":
            raise Stopped("Name the photos to send, and what you know behind two dashes: photo lamp.jpg label.jpg -- good, want 45")
        if words == "press":
            raise Stopped(f"Say which button. {_offered(self._chat.latest())}")
        if first == "photo":
            await self._photos(rest)
        elif first == "bulk" and rest:
            await send_roll(self._chat, _paths(rest), self._say_self)
        elif first == "press":
            await self._press(rest, self._chat.latest())
        elif words.isdigit() and not self._chat.asked() and _find(self._chat.latest()[:1], words):
            await self._press(words, self._chat.latest()[:1])
        else:
            await self._chat.say(text=words)
        if not self._interactive:
            await self._settle()
        if self._times:
            self.print(f"  ({time.monotonic() - began:.2f} s)")

    async def _photos(self, rest: str) -> None:
        names, _dashes, caption = rest.partition(" -- ")
        kept = []
        for answer in await self._chat.upload(await asyncio.to_thread(photos_in, _paths(names))):
            if "error" in answer:
                self._say_self(f"! {answer['error']}")
            else:
                kept.append(answer["sha256"])
        if kept:
            await self._chat.say(text=caption.strip(), photos=kept)

    async def _press(self, wanted: str, cards: Sequence[Shown]) -> None:
        found = _find(cards, wanted)
        if found is None:
            raise Stopped(f"There is no button “{wanted}” on any card. {_offered(cards)}")
        await self._chat.say(press=found[1].id, message=found[0].message)

    async def _settle(self) -> None:
        if not await self._chat.idle():
            raise Stopped("Haggle was still working after 30 s.")
        await asyncio.gather(*self._saving)

    async def _expect(self, rest: str) -> None:
        if not rest or rest == "not":
            raise Stopped("expect needs the text to look for.")
        if rest.startswith("not "):
            await self._settle()
            unwanted = rest.removeprefix("not ").strip()
            if any(_says(text, unwanted) for text in self._seen()):
                raise Stopped(f"“{unwanted}” was not to be seen, and is. Seen:\n" + "\n".join(report(self._seen(), self._width)))
            return
        try:
            async with asyncio.timeout(self._patience):
                while not any(_says(text, rest) for text in (*self._seen(), *self._chat.texts())):
                    await self._chat.changed()
        except TimeoutError:
            seen = "\n".join(report(self._seen() or self._newest(), self._width))
            raise Stopped(f"“{rest}” did not appear within {self._patience:g} s. Seen:\n{seen}") from None

    def _seen(self) -> list[str]:
        return [*self._told, *self._since.values()]

    def _newest(self) -> list[str]:
        return [shown.text for shown in self._chat.latest()[:3]]

    def _show(self, shown: Shown) -> None:
        """A card came or was edited."""
        if shown.card is None:
            return
        self._since[shown.id] = shown.text
        if shown.before and self._chat.copied(shown):
            return
        lines = render_edit(shown.before, shown.card, self._width) if shown.before else render(shown.card, self._width)
        if lines:
            self.print("\n".join(lines) + "\n")
        if shown.before is None and shown.card.files and not self._opening:
            task = asyncio.create_task(self._save(shown.card), name="terminal files")
            self._saving.add(task)
            task.add_done_callback(self._saving.discard)

    async def _save(self, card: Card) -> None:
        """Write a card's files beside us, over nothing that is there."""
        for file in card.files:
            try:
                path = await asyncio.to_thread(write_beside, self._folder, file.name, await self._chat.file(file.path))
            except (Refusal, ChatLost, OSError) as error:
                self._say_self(f"! {file.name}: {error}")
                continue
            self._say_self(f"  saved: {path}")

    def _say_self(self, text: str) -> None:
        if text:
            self._told.append(squeeze(text))
            self.print(text)

    def print(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def _find(cards: Sequence[Shown], wanted: str) -> tuple[Shown, Button] | None:
    """The first of these cards that has the button."""
    found = ((shown, find_button(shown.card, wanted)) for shown in cards if shown.card)
    return next(((shown, button) for shown, button in found if button), None)


def _offered(cards: Sequence[Shown]) -> str:
    """The buttons of the newest card that has some."""
    labels = next((found for one in cards if one.card and (found := [button.label for button in pressable(one.card)])), [])
    return f"The newest are: {', '.join(labels)}." if labels else "No card has any yet."


def _paths(names: str) -> list[Path]:
    """File names as a shell reads them: quoted where they have spaces, ~ is the home folder."""
    try:
        return [Path(name).expanduser() for name in shlex.split(names)]
    except ValueError as error:
        raise Stopped(f"I cannot read these file names: {error}.") from error


def _says(text: str, wanted: str) -> bool:
    return squeeze(wanted).casefold() in text.casefold()


async def lines_of(stream: TextIO) -> AsyncIterator[str]:
    """The lines of a file, a pipe or a keyboard, without keeping anything else from running."""
    if not (stream.isatty() or _is_pipe(stream)):
        for line in stream:
            yield line
        return
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    try:
        while typed := await reader.readline():
            yield typed.decode(errors="replace")
    finally:
        transport.close()


def _is_pipe(stream: TextIO) -> bool:
    try:
        return Path(f"/dev/fd/{stream.fileno()}").is_fifo()
    except (OSError, ValueError):
        return False
