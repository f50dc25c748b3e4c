"""Signing in and out, and what a stranger gets."""

from __future__ import annotations

import asyncio

from core.flows import people
from tests.home import OURS, Home


async def test_a_code_lets_its_bearer_in_once(home: Home) -> None:
    browser = home.browser()
    code = await home.code()
    answer = await browser.get("/enter", params={"code": code})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie  # plain http: a secure cookie would never come back
    assert (await browser.get("/")).status_code == 200
    again = await home.browser().get("/enter", params={"code": code})
    assert again.status_code == 403
    assert "used already" in again.text
    assert "set-cookie" not in again.headers


async def test_who_is_in_already_may_open_an_old_link(home: Home) -> None:
    browser = home.browser()
    code = await home.code()
    await browser.get("/enter", params={"code": code})
    assert (await browser.get("/enter", params={"code": code})).headers["location"] == "/"


async def test_two_who_race_for_a_code_have_one_winner(home: Home) -> None:
    code = await home.code()
    answers = await asyncio.gather(*(home.browser().get("/enter", params={"code": code}) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [303, 403, 403, 403, 403]


async def test_a_code_gets_too_old(home: Home) -> None:
    code = await home.code()
    home.clock.move(hours=25)
    assert (await home.browser().get("/enter", params={"code": code})).status_code == 403


async def test_a_cookie_is_secure_where_the_page_came_by_https(home: Home) -> None:
    browser = home.browser(**{"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"})
    answer = await browser.get("/enter", params={"code": await home.code()})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_stranger_gets_a_sentence_and_nothing_else(home: Home) -> None:
    stranger = home.browser()
    page = await stranger.get("/")
    assert page.status_code == 401
    assert "open the link that Haggle printed in the terminal" in page.text
    for path in ("/api/v1/chat", "/api/v1/commands", "/api/v1/events", "/api/v1/health", "/api/v1/idle", f"/photos/{'0' * 64}/small"):
        answer = await stranger.get(path)
        assert answer.status_code == 401, path
        assert set(answer.json()) == {"error"}


async def test_a_session_ends_by_leaving_by_time_and_by_switching_the_member_off(home: Home) -> None:
    browser = home.browser()
    await browser.get("/enter", params={"code": await home.code()})
    assert (await browser.get("/api/v1/chat")).status_code == 200
    kept = browser.cookies["haggle_session"]
    left = await browser.post("/leave")
    assert "Signed out" in left.text
    assert "haggle_session" not in browser.cookies
    assert (await home.browser(Cookie=f"haggle_session={kept}").get("/api/v1/chat")).status_code == 401

    person, token = await home.member()
    other = home.browser(Authorization=f"Bearer {token}")
    assert (await other.get("/api/v1/chat")).status_code == 200
    home.clock.move(days=31)
    assert (await other.get("/api/v1/chat")).status_code == 401
    home.clock.move(days=-31)
    await home.switch_off(person)
    assert (await other.get("/api/v1/chat")).status_code == 401


async def test_a_call_that_changes_something_needs_our_header(home: Home) -> None:
    _person, token = await home.member()
    said = {"event_id": "a" * 12, "text": "/help"}
    without = await home.browser(Cookie=f"haggle_session={token}").post("/api/v1/chat/messages", json=said)
    assert without.status_code == 403
    assert "X-Haggle" in without.json()["error"]
    with_it = await home.browser(Cookie=f"haggle_session={token}", **OURS).post("/api/v1/chat/messages", json=said)
    assert with_it.status_code == 202


async def test_a_member_known_elsewhere_comes_in_as_the_same(home: Home) -> None:
    person, _token = await home.member()
    code = await people.make_code(home.app.house, person.role, member_id=person.member_id)
    browser = home.browser()
    await browser.get("/enter", params={"code": code})
    found = await people.session_person(home.app.house, browser.cookies["haggle_session"])
    assert found == person
