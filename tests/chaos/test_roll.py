"""A whole camera roll through the real server: 300 photos of 2 MB stream in, the power goes three times, and every photo ends in exactly
one item. Its memory stays flat."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from storage.keys import new_key
from tests.bot.test_rolls import shot
from tests.chaos.stage import Haggle, free_port
from tests.home import OURS

PHOTOS, EACH = 300, 3
ITEMS = PHOTOS // EACH
SIZE = 2 * 1024 * 1024
MIB = 1024 * 1024
SEEN = 40  # photos after which the server's memory has its size: what it grows by then is what matters


class Server:
    """The process, and a client that goes on when it is back."""

    def __init__(self, folder: Path) -> None:
        self.folder, port = folder, free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {"HAGGLE_DATA": str(folder), "HAGGLE_PORT": str(port), "HAGGLE_TIMEZONE": "UTC", "HAGGLE_OUTWARD": "off"}
        self.process = Haggle(environment, folder.parent / "serve.log", f"{self.url}/healthz")

    async def start(self) -> httpx.AsyncClient:
        await asyncio.to_thread(self.process.start)
        token = self.folder / "talk.token"
        client = httpx.AsyncClient(base_url=self.url, headers=OURS, trust_env=False, timeout=30)
        async with asyncio.timeout(20):
            while not token.exists():
                await client.get("/healthz")
        client.headers["Authorization"] = f"Bearer {token.read_text().strip()}"
        return client

    def kill(self) -> None:
        """The power goes, and fifteen seconds pass for the leases of the dead."""
        self.process.kill()
        for table in ("roll", "draft", "inbox_event", "card_post"):
            self.sql(f"UPDATE {table} SET lease_until = NULL")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "haggle.db", timeout=10)) as connection, connection:
            return connection.execute(statement).fetchall()

    def memory(self, name: str) -> int:
        """Bytes: `VmRSS` is what it holds, `VmHWM` the most it ever held."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def photo(place: int) -> bytes:
    """The photos of a thing are taken within seconds, things minutes apart. Behind the picture is what a large file is made of."""
    thing, number = divmod(place, EACH)
    picture = shot(f"{thing}-{number}", thing * 600 + number * 4, ("navy", "maroon", "olive", "teal")[thing % 4], side=96)
    return picture + b"\0" * (SIZE - len(picture))


async def streamed(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 64 * 1024):
        yield data[at : at + 64 * 1024]


async def upload(client: httpx.AsyncClient, places: list[int], arrived: Callable[[int], None]) -> None:
    """Send what the server has not, three at a time, as the page does. Raises what a lost connection raises."""
    roll = (await client.post("/api/v1/rolls")).json()
    left = iter([place for place in places if f"IMG_{place}.jpg" not in roll["have"]])

    async def send() -> None:
        for place in left:
            query: dict[str, str | int] = {"source": f"IMG_{place}.jpg", "name": f"IMG_{place}.jpg", "at": place + 1}
            answer = await client.put(f"/api/v1/rolls/{roll['roll']}/photos", params=query, content=streamed(photo(place)))
            assert answer.status_code == 200, answer.text
            arrived(place)

    await asyncio.gather(send(), send(), send())


async def shown(client: httpx.AsyncClient, words: str) -> dict[str, Any]:
    """The newest post that says this, as soon as it is there."""
    async with asyncio.timeout(60):
        while True:
            page = (await client.get("/api/v1/chat?limit=20")).json()
            for post in reversed(page["posts"]):
                if post["card"] and words in f"{post['card']['title']} {post['card']['text']}":
                    found: dict[str, Any] = post
                    return found
            await client.get("/api/v1/idle", timeout=40)


async def press(client: httpx.AsyncClient, post: dict[str, Any], label: str) -> None:
    button = next(one for row in post["card"]["buttons"] for one in row if one["label"].startswith(label))
    await client.post("/api/v1/chat/messages", json={"event_id": new_key(), "press": button["id"], "message": post["message"]})


async def test_three_hundred_photos_and_three_power_cuts(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    client = await server.start()
    count, held = 0, 0

    def arrived(place: int) -> None:
        nonlocal count, held
        count += 1
        if count == SEEN:
            held = server.memory("VmRSS")
        if count == PHOTOS // 2:
            assert server.memory("VmHWM") - held < 100 * MIB, "half of 600 MB came in"
            assert server.memory("VmRSS") - held < 40 * MIB
            server.kill()

    try:
        try:
            await upload(client, list(range(PHOTOS)), arrived)
            raise AssertionError("the power did not go")
        except httpx.HTTPError:
            await client.aclose()
        client = await server.start()
        await upload(client, list(range(PHOTOS)), lambda place: None)
        roll = (await client.get("/api/v1/rolls/open")).json()
        assert (roll["count"], roll["room"]) == (PHOTOS, 0)

        await client.post(f"/api/v1/rolls/{roll['roll']}/end")
        server.kill()  # while it sorts, or just before, or just after
        await client.aclose()
        client = await server.start()
        overview = await shown(client, f"{ITEMS} items?")
        await press(client, overview, f"Make {ITEMS} items")
        async with asyncio.timeout(30):
            while not server.sql("SELECT 1 FROM item LIMIT 1"):
                await client.get("/healthz")
        server.kill()  # while it makes them
        await client.aclose()
        client = await server.start()
        async with asyncio.timeout(60):
            while server.sql("SELECT state FROM roll") != [("approved",)]:
                await client.get("/healthz")
    finally:
        await client.aclose()
        server.process.kill()
    made = server.sql("SELECT item_id, count(*), min(position) FROM item_photo GROUP BY item_id")
    assert len(made) == ITEMS
    assert {number for _item, number, _first in made} == {EACH}
    assert server.sql("SELECT count(DISTINCT sha256) FROM item_photo") == [(PHOTOS,)]
    assert server.sql("SELECT count(*) FROM draft WHERE mode = 'bulk'") == [(ITEMS,)]
    by_item = server.sql("SELECT p.sha256 FROM item_photo p JOIN item i ON i.id = p.item_id ORDER BY i.number, p.position")
    assert by_item == server.sql("SELECT sha256 FROM roll_photo ORDER BY position")
