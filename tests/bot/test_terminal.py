"""The terminal: cards as text, and scripts that are replayed against a running Haggle."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.surfaces import terminal
from bot.surfaces.terminal import lines_of, talk
from bot.surfaces.terminal_text import find_button, flat, render, render_edit
from core.flows.posts import put_card
from core.values.card import Button, Card, CardPhoto, Line
from tests.home import Home, open_home, picture

DRAFT = Card(
    title="Item 1: Acme lamp",
    text="Read without a model.",
    lines=(
        Line("Title", "Acme lamp", "“ACME” on photo 1"),
        Line("Price", "unknown", weak=True),
        Line("eBay", "live at $80.00", "verified 14:02", "good"),
        Line("Still to answer", "What condition is it in?", mood="warn", weak=True),
    ),
    photos=(CardPhoto("ab" * 32), CardPhoto("cd" * 32)),
    buttons=(
        (Button("Good", id="g"), Button("Like new", id="l")),
        (Button("Open eBay", url="https://ebay.example/1"), Button("Copy title", copy="Acme lamp"), Button("Copy notes", copy="By hand")),
        (Button("Publish on eBay", style="primary", id="p"),),
    ),
)


def test_a_card_as_text() -> None:
    assert render(DRAFT, 60) == [
        "── Item 1: Acme lamp ───────────────────────────────────────",
        "  Read without a model.",
        "  Title              Acme lamp · “ACME” on photo 1",
        "  Price              unknown (look at this)",
        "✓ eBay               live at $80.00 · verified 14:02",
        "! Still to answer    What condition is it in? (look at this)",
        "  photos: abababab, cdcdcdcd",
        "  [1] Good   [2] Like new",
        "  Open eBay: https://ebay.example/1",
        "  Copy notes: By hand",
        "  [3] Publish on eBay",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_lines_stay_within_the_width(width: int) -> None:
    long = Card("A title " * 12, "word " * 60, (Line("A label", "value " * 30, "note " * 20),), buttons=((Button("Press " * 8, id="x"),),))
    assert max(len(line) for line in render(long, width)) <= max(width, 24)


def test_an_edit_shows_what_changed() -> None:
    lines = (DRAFT.lines[0], Line("Price", "$80.00"), Line("eBay", "gone at 14:05", "verified", "good"))
    now = Card(DRAFT.title, "", lines, DRAFT.photos, ((Button("Undo", id="u"),),))
    assert render_edit(DRAFT, now, 60) == [
        "~ Item 1: Acme lamp",
        "  - Read without a model.",
        "  Price              $80.00",
        "✓ eBay               gone at 14:05 · verified",
        "  - Still to answer: What condition is it in?",
        "  [1] Undo",
    ]


def test_buttons_by_number_and_by_label() -> None:
    assert [found.id if (found := find_button(DRAFT, wanted)) else "" for wanted in ("1", "3", "4", "0")] == ["g", "p", "", ""]
    assert [found.id if (found := find_button(DRAFT, wanted)) else "" for wanted in ("good", "PUBLISH", "new", "Open eBay")] == [
        "g",
        "p",
        "l",
        "",
    ]


def test_flat_text_has_everything_once_on_a_line() -> None:
    assert "\n" not in flat(DRAFT)
    for words in ("Item 1: Acme lamp", "eBay: live at $80.00 verified 14:02", "[Publish on eBay]", "https://ebay.example/1", "By hand"):
        assert words in flat(DRAFT)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with open_home(tmp_path) as opened:
        yield opened


async def script(home: Home, text: str, *, patience: float = 10, times: bool = False) -> tuple[int, str]:
    """Replay a script as a new owner: the exit code and what was printed."""
    out = io.StringIO()
    _person, token = await home.member()
    client = home.browser(Authorization=f"Bearer {token}")
    code = await talk(client, lines_of(io.StringIO(text)), out, interactive=False, patience=patience, times=times)
    return code, out.getvalue()


async def test_a_script_talks_sends_photos_and_expects(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a lamp.jpg").write_bytes(picture())
    (tmp_path / "notes.txt").write_bytes(b"no photo")
    code, printed = await script(
        home,
        f"""
        # the first minutes of a seller
        /help
        expect /items
        photo '{tmp_path}/a lamp.jpg' {tmp_path}/notes.txt -- Acme lamp, want 80
        expect Item 1
        expect notes.txt is not a photo
        expect $80.00
        press Price
        85
        expect $85.00
        expect not $80.00
        press discard
        wait idle
        expect discarded
        """,
        times=True,
    )
    assert code == 0, printed
    assert "> /help" in printed
    assert "~ " in printed  # edits are shown as what changed
    assert " s)" in printed


async def test_the_first_line_that_is_not_as_it_should_be_ends_it(home: Home) -> None:
    code, printed = await script(home, "/help\n\nexpect no such words\n/items\n", patience=0.2)
    assert code == 1
    assert "line 3: “no such words” did not appear within 0.2 s. Seen:" in printed
    assert "/items" in printed  # what was seen
    assert "> /items" not in printed
    code, printed = await script(home, "/help\nexpect not /channels")
    assert code == 1
    assert "line 2: “/channels” was not to be seen" in printed
    code, printed = await script(home, "press Publish")
    assert code == 1
    assert "line 1: There is no button “Publish”" in printed
    code, printed = await script(home, "photo /nowhere/a.jpg")
    assert code == 1
    assert "cannot open /nowhere/a.jpg" in printed


async def test_a_number_answers_the_question_that_was_asked_last(home: Home, tmp_path: Path) -> None:
    (tmp_path / "lamp.jpg").write_bytes(picture())
    code, printed = await script(
        home,
        f"""
        photo {tmp_path}/lamp.jpg -- Acme lamp, want 80
        expect What condition is it in?
        press Price
        expect Type an amount
        nothing
        expect is not an amount
        3
        expect $3.00
        expect not Condition: Good
        1
        expect Condition: New
        """,
    )
    assert code == 0, printed


async def test_what_is_incomplete_or_wrong_explains_itself(home: Home, tmp_path: Path) -> None:
    (tmp_path / "lamp.jpg").write_bytes(picture())
    for lines, told in (
        ("photo", "line 1: Name the photos to send, and what you know behind two dashes: photo lamp.jpg label.jpg -- good, want 45"),
        ("press", "line 1: Say which button. No card has any yet."),
        (f"photo {tmp_path}/lamp.jpg\npress Sell", "line 2: There is no button “Sell” on any card. The newest are: New, Like new, Good,"),
    ):
        code, printed = await script(home, lines)
        assert code == 1
        assert told in printed
        assert "| " not in printed  # no card is poured out


async def test_a_card_that_is_there_twice_is_shown_once_when_it_changes(home: Home, tmp_path: Path) -> None:
    (tmp_path / "lamp.jpg").write_bytes(picture())
    code, printed = await script(home, f"photo {tmp_path}/lamp.jpg -- Acme lamp\n/item 1\n/item 1\npress Good\nexpect Condition: Good")
    assert code == 0, printed
    assert printed.split("> press Good")[1].count("~ Item 1") == 1


async def test_expect_waits_for_what_comes_later(home: Home) -> None:
    person, token = await home.member()
    out = io.StringIO()
    client = home.browser(Authorization=f"Bearer {token}")
    seen = asyncio.Event()

    async def lines() -> AsyncIterator[str]:
        yield "/help"
        seen.set()
        yield "expect It arrived"

    talking = asyncio.create_task(talk(client, lines(), out, interactive=False))
    await seen.wait()
    db = home.app.house.db
    async with db.write() as session:
        await put_card(session, db, ("web", person.member_id), Card("It arrived", "later"), workspace=person.workspace_id)
    assert await talking == 0, out.getvalue()


async def test_who_is_not_known_and_a_server_that_is_gone_end_it_with_a_sentence(home: Home) -> None:
    out = io.StringIO()
    assert await talk(home.browser(), lines_of(io.StringIO("/help")), out, interactive=False) == 1
    assert "Sign in first" in out.getvalue()
    gone = httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False)
    home.clients.append(gone)
    assert await talk(gone, lines_of(io.StringIO("/help")), out, interactive=False) == 1
    assert "is it running?" in out.getvalue()


async def test_a_persons_terminal_shows_what_was_before_and_goes_on_after_mistakes(home: Home) -> None:
    person, token = await home.member()
    client = home.browser(Authorization=f"Bearer {token}")
    db = home.app.house.db
    async with db.write() as session:
        await put_card(session, db, ("web", person.member_id), Card("From yesterday"), workspace=person.workspace_id)
    await home.idle()
    out = io.StringIO()
    assert await talk(client, lines_of(io.StringIO("press nothing\nexit\n/help\n")), out, interactive=True) == 0
    assert "From yesterday" in out.getvalue()
    assert "! There is no button “nothing”" in out.getvalue()
    assert ">" not in out.getvalue()


async def test_further_directives(home: Home) -> None:
    _person, token = await home.member()
    out = io.StringIO()

    async def buy(rest: str) -> str:
        return f"somebody bought {rest}"

    lines = lines_of(io.StringIO("buy ebay 1\nexpect bought ebay 1\n"))
    assert await talk(home.browser(Authorization=f"Bearer {token}"), lines, out, interactive=False, extras={"buy": buy}) == 0


async def test_lines_come_from_a_pipe_while_the_loop_runs() -> None:
    back, front = os.pipe()
    with os.fdopen(back) as reading:
        lines = lines_of(reading)
        first = asyncio.ensure_future(anext(lines))
        await asyncio.get_running_loop().run_in_executor(None, os.write, front, b"one\ntwo")
        assert await first == "one\n"
        os.close(front)
        assert [line async for line in lines] == ["two"]
    assert terminal._is_pipe(io.StringIO()) is False
