"""Saying, reading back, photos."""

from __future__ import annotations

import io

from PIL import Image

from core.flows.posts import put_said
from core.values.states import Role
from tests.home import Home, picture


def says(event: str, **values: object) -> dict[str, object]:
    return {"event_id": event.ljust(12, "0"), **values}


async def test_what_is_said_is_answered_and_can_be_read_back(home: Home) -> None:
    owner = await home.sign_in()
    answer = await owner.post("/api/v1/chat/messages", json=says("one", text="/help"))
    assert answer.status_code == 202
    assert answer.json() == {"new": True}
    await home.idle()
    page = (await owner.get("/api/v1/chat")).json()
    assert [post["mine"] for post in page["posts"]] == [True, False]
    said, told = page["posts"]
    assert said["text"] == "/help"
    assert said["card"] is None
    assert told["message"]
    assert "/items" in str(told["card"])
    assert page["more"] is False


async def test_the_same_message_twice_is_said_once(home: Home) -> None:
    owner = await home.sign_in()
    for new in (True, False):
        assert (await owner.post("/api/v1/chat/messages", json=says("twice", text="/help"))).json() == {"new": new}
    await home.idle()
    assert len((await owner.get("/api/v1/chat")).json()["posts"]) == 2


async def test_one_members_ids_and_chat_are_not_anothers(home: Home) -> None:
    owner, seller = await home.sign_in(), home.browser(Authorization=f"Bearer {(await home.member(Role.SELLER))[1]}", **{"X-Haggle": "1"})
    for member in (owner, seller):
        assert (await member.post("/api/v1/chat/messages", json=says("same", text="/help"))).json() == {"new": True}
    await home.idle()
    for member in (owner, seller):
        assert len((await member.get("/api/v1/chat")).json()["posts"]) == 2


async def test_a_button_works_by_its_id_and_keeps_its_action_to_us(home: Home) -> None:
    owner = await home.sign_in()
    await owner.post("/api/v1/chat/messages", json=says("channels", text="/channels"))
    await home.idle()
    told = (await owner.get("/api/v1/chat")).json()["posts"][-1]
    button = told["card"]["buttons"][0][0]
    assert button["id"]
    assert "action" not in button
    await owner.post("/api/v1/chat/messages", json=says("pressed", press=button["id"], message=told["message"]))
    await home.idle()
    assert len((await owner.get("/api/v1/chat")).json()["posts"]) > 2


async def test_what_makes_no_sense_gets_a_sentence(home: Home) -> None:
    owner = await home.sign_in()
    for body, words in (
        (says("empty", text="  "), "nothing in this message"),
        ({"text": "hi"}, "event_id"),
        (says("more", text="hi", more=1), "more"),
        (says("photo", photos=["nonsense"]), "photos.0"),
        (says("photo", photos=["0" * 64]), "send it again"),
    ):
        answer = await owner.post("/api/v1/chat/messages", json=body)
        assert answer.status_code in (404, 422), body
        assert words in answer.json()["error"], answer.text
    assert (await owner.post("/api/v1/chat/messages", content=b"{")).status_code == 422


async def test_a_long_chat_comes_in_pages(home: Home) -> None:
    person, token = await home.member()
    owner = home.browser(Authorization=f"Bearer {token}")
    db = home.app.house.db
    async with db.write() as session:
        for count in range(25):
            put_said(session, db, ("web", person.member_id), {"text": str(count)}, workspace=person.workspace_id)
    page = (await owner.get("/api/v1/chat?limit=10")).json()
    assert [post["text"] for post in page["posts"]] == [str(count) for count in range(15, 25)]
    assert page["more"] is True
    before = (await owner.get("/api/v1/chat", params={"limit": 20, "before": page["posts"][0]["id"]})).json()
    assert [post["text"] for post in before["posts"]] == [str(count) for count in range(15)]
    assert before["more"] is False


async def test_photos_are_kept_each_with_its_own_fate(home: Home) -> None:
    owner = await home.sign_in()
    good = picture()
    files = [
        ("photos", ("lamp.jpg", good)),
        ("photos", ("notes.txt", b"hello")),
        ("photos", ("empty.jpg", b"")),
        ("photos", ("half.jpg", good[:400])),
    ]
    answer = await owner.post("/api/v1/photos", files=files)
    assert answer.status_code == 200
    lamp, notes, empty, half = answer.json()["photos"]
    assert len(lamp["sha256"]) == 64
    assert notes["error"].startswith("notes.txt is not a photo")
    assert empty["error"].startswith("empty.jpg is empty")
    assert half["error"].startswith("half.jpg")
    assert (
        (await owner.post("/api/v1/photos", files={"photos": ("big.jpg", b"\xff" * (20 * 1024 * 1024 + 1))}))
        .json()["photos"][0]["error"]
        .startswith("big.jpg is 20.0 MB")
    )
    assert (await owner.post("/api/v1/photos", data={"photos": "no file"})).status_code == 422

    for size, form, side in (("small", "WEBP", 200), ("large", "WEBP", 480), ("original", "WEBP", 480), ("original.jpg", "JPEG", 480)):
        photo = await owner.get(f"/photos/{lamp['sha256']}/{size}")
        assert "immutable" in photo.headers["cache-control"]
        image = Image.open(io.BytesIO(photo.content))
        assert (image.format, image.width) == (form, side)
    assert (await owner.get(f"/photos/{lamp['sha256']}/huge")).status_code == 404
    assert (await owner.get(f"/photos/{'1' * 64}/small")).status_code == 404
    assert (await owner.get("/photos/..%2f..%2fsecret/small")).status_code in (404, 422)


async def test_photos_that_are_sent_become_a_draft(home: Home) -> None:
    owner = await home.sign_in()
    sha256 = (await owner.post("/api/v1/photos", files={"photos": ("a.png", picture(form="PNG"))})).json()["photos"][0]["sha256"]
    await owner.post("/api/v1/chat/messages", json=says("sold", photos=[sha256], text="Acme lamp, want 80"))
    await home.idle()
    said, draft = (await owner.get("/api/v1/chat")).json()["posts"]
    assert said["photos"] == [sha256]
    assert draft["card"]["title"].startswith("Item 1")
    assert draft["card"]["photos"][0]["sha256"] == sha256


async def test_commands_are_offered(home: Home) -> None:
    owner = await home.sign_in()
    found = (await owner.get("/api/v1/commands")).json()["commands"]
    assert {"help", "items", "publish", "channels"} <= {one["name"] for one in found}
    assert all(one["summary"] and one["example"] for one in found)


async def test_idle_waits_for_what_was_said(home: Home) -> None:
    owner = await home.sign_in()
    await owner.post("/api/v1/chat/messages", json=says("idle", text="/help"))
    assert (await owner.get("/api/v1/idle")).json() == {"idle": True}
    assert len((await owner.get("/api/v1/chat")).json()["posts"]) == 2
