"""Signing in and out, and what a stranger gets."""

from __future__ import annotations

import asyncio

from core.flows import members, people, sessions
from core.flows.people import Person
from core.values.states import Role
from tests.home import OURS, Home


async def invite(home: Home, person: Person, role: Role = Role.SELLER) -> str:
    async with home.app.house.db.write() as session:
        return await members.invite(session, home.app.house, person, role, ())


async def test_a_code_lets_its_bearer_in_once(home: Home) -> None:
    browser = home.browser()
    code = await home.code()
    answer = await home.enter(browser, code)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie  # plain http: a secure cookie would never come back
    assert (await browser.get("/")).status_code == 200
    again = await home.enter(home.browser(), code)
    assert again.status_code == 403
    assert "used already" in again.text
    assert "set-cookie" not in again.headers
    assert (await home.browser().get("/enter", params={"code": code})).status_code == 403


async def test_looking_at_a_link_uses_nothing(home: Home) -> None:
    """Chat apps open every link, to show what is behind it."""
    code = await home.code()
    for _time in range(3):
        seen = await home.browser().get("/enter", params={"code": code})
        assert seen.status_code == 200
        assert "set-cookie" not in seen.headers
        assert 'method="post" action="/enter"' in seen.text
        assert "<script>" not in seen.text
    head = await home.browser().head("/enter", params={"code": code})
    assert head.status_code in (200, 405)
    assert (await home.enter(home.browser(), code)).status_code == 303


async def test_a_form_of_another_site_signs_nobody_in_or_out(home: Home) -> None:
    """Signing somebody in as another (to have them put their photos there) is as bad as signing them out."""
    person, token = await home.member()
    code = await people.make_code(home.app.house, person.role, member_id=person.member_id)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": home.url, "Sec-Fetch-Site": "cross-site"}, {}):
        for path in ("/enter", "/leave"):
            browser = home.browser(Cookie=f"haggle_session={token}")
            answer = await browser.post(path, data={"code": code}, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "set-cookie" not in answer.headers
    assert await sessions.session_person(home.app.house, token) == person
    assert (await home.enter(home.browser(), code)).status_code == 303


async def test_who_is_in_already_may_open_an_old_link(home: Home) -> None:
    browser = home.browser()
    code = await home.code()
    await home.enter(browser, code)
    assert (await browser.get("/enter", params={"code": code})).headers["location"] == "/"


async def test_who_is_in_as_another_is_asked_first(home: Home) -> None:
    ann, token = await home.member()
    async with home.app.house.db.write() as session:
        await members.rename(session, home.app.house, ann, ann.member_id, "Ann")
    other, _token = await home.member(Role.OWNER)
    code = await people.make_code(home.app.house, other.role, member_id=other.member_id)
    browser = home.browser()
    browser.cookies.set("haggle_session", token)
    asked = await browser.get("/enter", params={"code": code})
    assert "You are signed in here as Ann. This link signs in Sam." in asked.text
    assert 'data-at-once="no"' in asked.text
    own = await people.make_code(home.app.house, ann.role, member_id=ann.member_id)
    assert 'data-at-once="yes"' in (await browser.get("/enter", params={"code": own})).text
    await home.enter(browser, code)
    assert await sessions.session_person(home.app.house, token) is None  # nothing stays open behind the new one


async def test_who_is_invited_says_their_name(home: Home) -> None:
    owner, _token = await home.member(Role.OWNER)
    code = await invite(home, owner)
    browser = home.browser(**{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
    seen = await browser.get("/enter", params={"code": code})
    assert "You are invited as seller." in seen.text
    assert 'name="name"' in seen.text
    assert 'data-at-once="no"' in seen.text
    await home.enter(browser, code, name="  Bea  Seller ")
    me = (await browser.get("/api/v1/me")).json()
    assert me["name"] == "Bea Seller"
    assert me["role"] == "seller"
    async with home.app.house.db.read() as session:
        [row] = await sessions.sessions_of(session, home.app.house, me["id"])
    assert row.name == "Firefox, Linux"


async def test_two_who_race_for_a_code_have_one_winner(home: Home) -> None:
    code = await home.code()
    answers = await asyncio.gather(*(home.enter(home.browser(), code) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [303, 403, 403, 403, 403]


async def test_a_code_gets_too_old(home: Home) -> None:
    code = await home.code()
    home.clock.move(hours=25)
    assert (await home.enter(home.browser(), code)).status_code == 403
    assert (await home.browser().get("/enter", params={"code": code})).status_code == 403


async def test_a_cookie_is_secure_where_the_page_came_by_https(home: Home) -> None:
    browser = home.browser(**{"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"})
    answer = await home.enter(browser, await home.code())
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_stranger_gets_a_sentence_and_nothing_else(home: Home) -> None:
    stranger = home.browser()
    page = await stranger.get("/")
    assert page.status_code == 401
    assert "ask its owner for an invitation" in page.text
    for path in ("chat", "commands", "events", "health", "idle", "me"):
        answer = await stranger.get(f"/api/v1/{path}")
        assert answer.status_code == 401, path
        assert set(answer.json()) == {"error"}
    assert (await stranger.get(f"/photos/{'0' * 64}/small")).status_code == 401
    assert (await stranger.post("/api/v1/leave", headers=OURS)).status_code == 401


async def test_a_session_ends_by_leaving_by_time_and_by_switching_the_member_off(home: Home) -> None:
    browser = home.browser()
    await home.enter(browser, await home.code())
    assert (await browser.get("/api/v1/chat")).status_code == 200
    kept = browser.cookies["haggle_session"]
    left = await browser.post("/leave", headers={"Origin": home.url})
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


async def test_use_renews_a_session_but_not_for_ever(home: Home) -> None:
    _person, token = await home.member()
    browser = home.browser(Authorization=f"Bearer {token}")
    for _weeks in range(4):
        home.clock.move(days=22)
        assert (await browser.get("/api/v1/me")).status_code == 200
    home.clock.move(days=3)  # used three days ago, and begun 91 days ago
    assert (await browser.get("/api/v1/me")).status_code == 401


async def test_signing_out_everywhere_ends_every_browser_but_not_the_terminals_own(home: Home) -> None:
    person, token = await home.member()
    other = await sessions.open_session(home.app.house, person)
    terminal = await sessions.open_session(home.app.house, person, name=sessions.TERMINAL)
    _stranger, theirs = await home.member()
    answer = await home.browser(Authorization=f"Bearer {token}", **OURS).post("/api/v1/leave")
    assert answer.json() == {"ended": 2}
    assert [await sessions.session_person(home.app.house, one) for one in (token, other)] == [None, None]
    assert await sessions.session_person(home.app.house, terminal) == person
    assert await sessions.session_person(home.app.house, theirs) is not None


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
    await home.enter(browser, code)
    found = await sessions.session_person(home.app.house, browser.cookies["haggle_session"])
    assert found == person
