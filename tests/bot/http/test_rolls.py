"""Camera rolls over HTTP: streamed one by one, gone on with where they stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx

from core.values.states import Role
from tests.bot.test_rolls import shot
from tests.home import OURS, Home


async def send(client: httpx.AsyncClient, roll: str, source: str, data: bytes | AsyncIterator[bytes], at: int = 0) -> httpx.Response:
    query: dict[str, str | int] = {"source": source, "name": source, "at": at}
    return await client.put(f"/api/v1/rolls/{roll}/photos", params=query, content=data)


async def test_photos_stream_in_and_what_is_there_is_known(home: Home) -> None:
    owner = await home.sign_in()
    assert (await owner.get("/api/v1/rolls/open")).json() == {"roll": None}
    begun = (await owner.post("/api/v1/rolls")).json()
    assert (begun["count"], begun["room"], begun["have"], begun["next"]) == (0, 300, [], 1)
    assert (await owner.post("/api/v1/rolls")).json() == begun
    roll = begun["roll"]

    pictures = {f"IMG_{number}.jpg": shot(str(number), number * 1000) for number in range(4)}
    names = list(pictures)
    # The later ones arrive first; their places are those that the sender gives.
    for place in (3, 2, 1):
        answer = await send(owner, roll, names[place], pictures[names[place]], at=place + 1)
        assert answer.json()["state"] == "kept"
    # What a client sends again after a lost connection, and the same picture under another name, are one photo.
    assert (await send(owner, roll, names[3], pictures[names[3]], at=4)).json()["state"] == "known"
    assert (await send(owner, roll, "copy.jpg", pictures[names[3]], at=5)).json()["state"] == "known"
    there = (await owner.get("/api/v1/rolls/open")).json()
    assert there["have"] == names[1:]
    assert there["room"] == 297
    await send(owner, roll, names[0], pictures[names[0]], at=1)

    assert (await owner.post(f"/api/v1/rolls/{roll}/end")).json() == {"state": "sorting"}
    await home.idle()
    assert (await owner.post(f"/api/v1/rolls/{roll}/end")).json() == {"state": "review"}
    posts = (await owner.get("/api/v1/chat")).json()["posts"]
    assert "4 items?" in posts[-1]["card"]["title"]
    late = await send(owner, roll, "late.jpg", shot("late", 1000))
    assert late.status_code == 403
    assert "takes no more photos" in late.json()["error"]


async def test_what_cannot_be_read_is_named_and_harms_nothing(home: Home) -> None:
    owner = await home.sign_in()
    roll = (await owner.post("/api/v1/rolls")).json()["roll"]

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(25):
            yield b"\xff\xd8\xff" + b"x" * 1024 * 1024

    letter = await send(owner, roll, "letter.pdf", b"%PDF-1.7 is no photo")
    assert "letter.pdf is not a photo that Haggle can read" in letter.json()["error"]
    assert (await send(owner, roll, "empty.jpg", b"")).json()["state"] == "failed"
    large = await send(owner, roll, "large.jpg", endless())
    assert large.status_code == 413 or large.json()["state"] == "failed"
    told = await owner.put(f"/api/v1/rolls/{roll}/photos", params={"source": "x", "name": "huge.jpg", "size": 50_000_000}, content=b"")
    assert "huge.jpg is 47.7 MB" in told.json()["error"]
    assert (await send(owner, roll, "fine.jpg", shot("fine", 0))).json()["state"] == "kept"
    assert {"empty.jpg", "letter.pdf"} <= set((await owner.get("/api/v1/rolls/open")).json()["failed"])
    await home.idle()
    card = str((await owner.get("/api/v1/chat")).json()["posts"][-1]["card"])
    assert "1 photo so far." in card
    assert "letter.pdf is not a photo" in card


async def test_a_roll_is_not_held_up_by_the_limit_of_writes(home: Home) -> None:
    owner = await home.sign_in()
    roll = (await owner.post("/api/v1/rolls")).json()["roll"]
    picture = shot("one", 0)
    answers = [await send(owner, roll, f"{number}.jpg", picture) for number in range(80)]
    assert {one.status_code for one in answers} == {200}


async def test_who_may_not_edit_sends_no_roll_and_nobody_sends_into_what_is_not_there(home: Home) -> None:
    viewer = home.browser(Authorization=f"Bearer {(await home.member(Role.VIEWER))[1]}", **OURS)
    refused = await viewer.post("/api/v1/rolls")
    assert refused.status_code == 403
    assert "You are a viewer here" in refused.json()["error"]
    owner = await home.sign_in()
    assert (await send(owner, "nonsense", "a.jpg", b"x")).status_code == 404
    assert (await send(home.browser(**OURS), "nonsense", "a.jpg", b"x")).status_code == 401


async def test_photos_at_the_same_time_keep_their_places(home: Home) -> None:
    owner = await home.sign_in()
    roll = (await owner.post("/api/v1/rolls")).json()["roll"]
    await asyncio.gather(*(send(owner, roll, f"{place}.jpg", shot(str(place), None, side=90 + place), at=place) for place in range(1, 9)))
    assert (await owner.get("/api/v1/rolls/open")).json()["have"] == [f"{place}.jpg" for place in range(1, 9)]
