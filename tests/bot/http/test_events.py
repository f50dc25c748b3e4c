"""The event stream: nothing is lost, nothing is told twice, it ends when it should."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import update

from bot.http.chat_log import Changes
from core.flows import notices
from core.flows.posts import GONE, put_card, put_said
from core.values.card import Card
from storage.models import Post
from tests.home import OURS, Home


class Stream:
    """An open stream, read event by event."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id = ""

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event of the chat as (kind, data)."""
        while True:
            kind, data = await self.any()
            if kind not in ("notices", "language"):
                return kind, data

    async def unread(self) -> int:
        """The next number of unread notices."""
        while True:
            kind, data = await self.any()
            if kind == "notices":
                return int(data["unread"])

    async def language(self) -> str:
        """The next language that is told."""
        while True:
            kind, data = await self.any()
            if kind == "language":
                return str(data["language"])

    async def any(self) -> tuple[str, dict[str, Any]]:
        kind = ""
        async with asyncio.timeout(30):
            async for line in self._lines:
                name, _colon, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    self.last_id = value
                elif name == "data":
                    return kind, json.loads(value)
        raise EOFError

    async def texts(self, count: int) -> list[str]:
        """Words of so many posts, in the order in which they came."""
        found: list[str] = []
        while len(found) < count:
            _kind, data = await self.next()
            found += [post["text"] for post in data["posts"]]
        return found


@asynccontextmanager
async def listening(client: httpx.AsyncClient, *, since: str = "", last_id: str = "") -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with client.stream("GET", "/api/v1/events", params={"since": since} if since else {}, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        yield Stream(lines)


async def say(home: Home, member: str, workspace: str, text: str) -> str:
    """Somebody said something: committed, then the bell."""
    db = home.app.house.db
    async with db.write() as session:
        put_said(session, db, ("web", member), {"text": text}, workspace=workspace)
    home.web.settled(member)
    return text


async def test_the_number_of_unread_notices_comes_first_and_when_it_moves(home: Home) -> None:
    sam, token = await home.member()
    mine, db = home.browser(Authorization=f"Bearer {token}", **OURS), home.app.house.db
    async with listening(mine) as stream:
        assert await stream.unread() == 0
        async with db.write() as session:
            for name in ("one", "two"):
                await notices.tell(session, db, workspace=sam.workspace_id, type="low_stock", key=name, title=name)
        while await stream.unread() != 2:
            pass
        page = (await mine.get("/api/v1/notices")).json()
        assert ([one["title"] for one in page["notices"]], page["unread"]) == (["two", "one"], 2)
        first, second = page["notices"]
        assert (await mine.post("/api/v1/notices/dismiss", json={"id": first["id"]})).json() == {"unread": 1}
        assert await stream.unread() == 1
        await mine.post("/api/v1/chat/messages", json={"event_id": "opens-it-now", "press": second["open"]})
        assert await stream.unread() == 0
    assert [(one["title"], one["read"]) for one in (await mine.get("/api/v1/notices")).json()["notices"]] == [("one", True)]


async def test_a_reader_s_language_comes_first_and_when_they_choose_another(home: Home) -> None:
    _sam, token = await home.member()
    mine = home.browser(Authorization=f"Bearer {token}", **OURS)
    async with listening(mine) as one, listening(mine) as other:
        assert (await one.language(), await other.language()) == ("en", "en")
        await mine.post("/api/v1/chat/messages", json={"event_id": "speaks-spanish", "text": "/language es"})
        assert (await one.language(), await other.language()) == ("es", "es")


async def test_news_come_at_once_and_only_to_their_chat(home: Home) -> None:
    (sam, token), (alex, other) = await home.member(), await home.member()
    async with (
        listening(home.browser(Authorization=f"Bearer {token}")) as mine,
        listening(home.browser(Authorization=f"Bearer {other}")) as theirs,
    ):
        await say(home, sam.member_id, sam.workspace_id, "for Sam")
        await say(home, alex.member_id, alex.workspace_id, "for Alex")
        assert await mine.texts(1) == ["for Sam"]
        assert await theirs.texts(1) == ["for Alex"]


async def test_a_card_is_told_when_it_is_posted_and_when_it_is_edited(home: Home) -> None:
    owner = await home.sign_in()
    async with listening(owner) as stream:
        await owner.post("/api/v1/chat/messages", json={"event_id": "f" * 12, "text": "/help"})
        seen: list[dict[str, Any]] = []
        while len(seen) < 2:
            seen += (await stream.next())[1]["posts"]
        assert [post["mine"] for post in seen] == [True, False]
        async with home.app.house.db.write() as session:
            changed = {"card": {**seen[1]["card"], "title": "Another title"}, "shown": "other", "changed_at": home.clock.now()}
            await session.execute(update(Post).where(Post.id == seen[1]["id"]).values(**changed))
        home.web.settled(await chat_of(home, seen[1]["id"]))
        edited = (await stream.next())[1]["posts"]
        assert [(post["id"], post["card"]["title"]) for post in edited] == [(seen[1]["id"], "Another title")]
        async with home.app.house.db.write() as session:
            await session.execute(update(Post).where(Post.id == seen[1]["id"]).values(state=GONE, due_at=home.clock.now()))
        home.web.settled(await chat_of(home, seen[1]["id"]))
        assert (await stream.next())[1]["gone"] == [seen[1]["id"]]


async def chat_of(home: Home, post: str) -> str:
    async with home.app.house.db.read() as session:
        return (await session.get_one(Post, post)).chat


async def test_a_card_that_was_not_posted_yet_is_not_told(home: Home) -> None:
    person, token = await home.member()
    owner, db = home.browser(Authorization=f"Bearer {token}"), home.app.house.db
    await home.app.engine.stop()  # nobody posts
    async with db.write() as session:
        await put_card(session, db, ("web", person.member_id), Card("Not yet"), workspace=person.workspace_id)
    assert (await owner.get("/api/v1/chat")).json()["posts"] == []
    changes = Changes(db, home.app.house.keyring, person.member_id, home.clock.now())
    assert not await changes.fresh()


async def test_no_update_is_lost_or_told_twice_under_a_race(home: Home) -> None:
    """Writers that ring while the stream is reading, and readers that come and go."""
    person, token = await home.member()
    said = [str(count) for count in range(120)]

    async def write(start: int) -> None:
        for count in range(start, len(said), 3):
            await say(home, person.member_id, person.workspace_id, said[count])

    async with listening(home.browser(Authorization=f"Bearer {token}")) as stream:
        writing = asyncio.gather(*(write(start) for start in range(3)))
        heard = await stream.texts(len(said))
        await writing
    assert sorted(heard, key=int) == said


async def test_a_reader_who_comes_back_goes_on_where_it_was(home: Home) -> None:
    person, token = await home.member()
    client = home.browser(Authorization=f"Bearer {token}")
    async with listening(client) as stream:
        await say(home, person.member_id, person.workspace_id, "one")
        await stream.texts(1)
        last = stream.last_id
    await say(home, person.member_id, person.workspace_id, "two")
    home.clock.move(minutes=10)
    await say(home, person.member_id, person.workspace_id, "three")
    async with listening(client, last_id=last) as stream:
        # What is a few seconds older comes again, since it may have been committed late; readers know posts by their ids.
        assert await stream.texts(3) == ["one", "two", "three"]
    page = (await client.get("/api/v1/chat")).json()
    async with listening(client, since=page["cursor"]) as stream:
        await say(home, person.member_id, person.workspace_id, "four")
        assert (await stream.texts(2))[-1] == "four"


async def test_a_row_that_is_committed_after_a_younger_one_is_still_told(home: Home) -> None:
    person, _token = await home.member()
    db = home.app.house.db
    changes = Changes(db, home.app.house.keyring, person.member_id, home.clock.now())
    slow = home.clock.now()
    home.clock.move(seconds=10)
    await say(home, person.member_id, person.workspace_id, "young")
    assert [post["text"] for post in (await changes.fresh()).posts] == ["young"]
    async with db.write() as session:
        put_said(session, db, ("web", person.member_id), {"text": "slow"}, workspace=person.workspace_id)
        await session.flush()
        await session.execute(update(Post).where(Post.said["text"].as_string() == "slow").values(changed_at=slow))
    assert [post["text"] for post in (await changes.fresh()).posts] == ["slow"]
    assert not await changes.fresh()


async def test_a_stream_ends_with_its_session_and_with_the_server(home: Home) -> None:
    person, token = await home.member()
    async with listening(home.browser(Authorization=f"Bearer {token}")) as stream:
        await home.switch_off(person)
        home.web.settled(person.member_id)
        assert (await stream.next())[0] == "left"
    _person, token = await home.member()
    async with listening(home.browser(Authorization=f"Bearer {token}")) as stream:
        home.server.should_exit = True
        try:
            await stream.next()
        except EOFError:
            return
        raise AssertionError("the stream went on")


async def test_a_cursor_that_is_none_gets_a_sentence(home: Home) -> None:
    owner = await home.sign_in()
    assert (await owner.get("/api/v1/events", params={"since": "yesterday"})).status_code == 422
