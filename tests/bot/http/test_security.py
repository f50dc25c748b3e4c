"""Headers on every answer, names and origins, sizes."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from tests.home import OURS, Home, open_home

MACHINE = socket.gethostname()
EXPECTED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


def assert_safe(answer: httpx.Response) -> None:
    for name, value in EXPECTED.items():
        assert answer.headers[name] == value, (answer.url, name)
    policy = {part.split()[0]: part.split()[1:] for part in answer.headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert not any("unsafe" in one for values in policy.values() for one in values)
    assert answer.headers["cache-control"]
    assert "server" not in answer.headers


async def test_every_route_carries_the_headers(home: Home) -> None:
    """All routes of the app, signed in and not, whatever they answer."""
    owner = await home.sign_in()
    seen = 0
    for browser in (home.browser(), owner):
        for template, methods in {**home.app.http.openapi()["paths"], "/static/chat.js": ["get"], "/healthz": ["get", "head"]}.items():
            path = (
                template.replace("{sha256}", "0" * 64).replace("{size}", "small").replace("{source}", "shopify").replace("{kind}", "ebay")
            )
            if path in ("/api/v1/events", "/leave", "/api/v1/idle"):
                continue
            for method in methods:
                assert_safe(await browser.request(method, path))
                seen += 1
    assert seen > 25
    async with owner.stream("GET", "/api/v1/events") as stream:
        assert_safe(stream)
    for answer in (await owner.get("/nothing"), await owner.put("/api/v1/chat"), await owner.get("/", headers={"Host": "evil.example"})):
        assert answer.status_code >= 400
        assert_safe(answer)


async def test_a_fault_of_ours_carries_them_too_and_tells_nothing(tmp_path: Path) -> None:
    async with open_home(tmp_path) as home:

        async def broken() -> dict[str, object]:
            raise RuntimeError("the inside")

        home.app.http.add_api_route("/broken", broken)
        answer = await home.browser().get("/broken")
        assert answer.status_code == 500
        assert "inside" not in answer.text.replace("inside Haggle", "")
        assert_safe(answer)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "local host", "[::1", "[::1]x"])
async def test_a_foreign_host_is_refused(home: Home, host: str) -> None:
    assert (await home.browser().get("/healthz", headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "shop.example", "haggle.lan:8080"])
async def test_our_own_names_are_answered(tmp_path: Path, host: str) -> None:
    async with open_home(tmp_path, public_url="https://shop.example", allowed_hosts=["haggle.lan"]) as home:
        assert (await home.browser().get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["192.168.1.5:8080", "[2001:db8::7]:8080", MACHINE, f"{MACHINE.partition('.')[0]}.local:8080"])
async def test_who_listens_for_other_machines_is_called_by_addresses_and_its_own_names(tmp_path: Path, host: str) -> None:
    async with open_home(tmp_path, host="0.0.0.0") as home:
        browser = home.browser(Host=host)
        assert (await browser.get("/healthz")).status_code == 200
        assert (await browser.post("/leave", headers={"Origin": f"http://{host}"})).status_code == 200
        for foreign in ("evil.example", "192.168.1.5.evil.example", "192.168.1.5@evil.example", "3232235777x"):
            assert (await home.browser().get("/healthz", headers={"Host": foreign})).status_code == 400


async def test_who_listens_for_itself_is_called_by_no_other_address(home: Home) -> None:
    for host in ("192.168.1.5", "[2001:db8::7]:8080", f"{MACHINE}.local"):
        assert (await home.browser().get("/healthz", headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("foreign", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_foreign_page_can_neither_write_nor_listen(home: Home, foreign: dict[str, str]) -> None:
    _person, token = await home.member()
    browser = home.browser(Cookie=f"haggle_session={token}", **foreign, **OURS)
    for answer in (
        await browser.post("/api/v1/chat/messages", json={"event_id": "b" * 12, "text": "/help"}),
        await browser.post("/leave"),
        await browser.get("/api/v1/events"),
        await browser.get("/api/v1/chat"),
    ):
        assert answer.status_code == 403, answer.url
        assert_safe(answer)
    assert (await home.browser(Cookie=f"haggle_session={token}").get("/api/v1/chat")).status_code == 200


@pytest.mark.parametrize("path", ["/%00", "/photos/%00/small", "/api/v1/chat?before=%00", "/oauth/ebay/callback?state=a%00b&code=1"])
async def test_a_nul_in_an_address_comes_no_further(home: Home, path: str) -> None:
    answer = await (await home.sign_in()).get(path)
    assert answer.status_code == 400
    assert "character in this address" in answer.text
    assert_safe(answer)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_a_foreign_origin_is_refused_on_every_path(home: Home, origin: str) -> None:
    _person, token = await home.member()
    browser = home.browser(Cookie=f"haggle_session={token}", Origin=origin)
    for path in ("/", "/healthz", "/metrics", "/static/chat.js", f"/photos/{'0' * 64}/small", "/enter?code=1", "/nothing"):
        answer = await browser.get(path)
        assert answer.status_code == 403, path
        assert_safe(answer)


async def test_a_link_on_another_site_may_lead_here(home: Home) -> None:
    _person, token = await home.member()
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await home.browser(Cookie=f"haggle_session={token}", **followed).get("/")).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://www.ebay.com"])
async def test_marketplaces_may_come_from_anywhere(home: Home, origin: str) -> None:
    """Their deliveries are believed for their signatures, and what a consent's page sends back for the consent that was begun here."""
    browser = home.browser(Origin=origin, **{"Sec-Fetch-Site": "cross-site"})
    unsigned = await browser.post("/webhooks/shopify", content=b"{}")
    assert unsigned.status_code == 401
    unasked = await browser.get("/oauth/ebay/callback", params={"state": "x", "code": "1"})
    assert "does not belong to a connection that was begun here" in unasked.text


async def test_another_port_of_this_machine_is_foreign(home: Home) -> None:
    assert (await home.browser(Origin="http://127.0.0.1:1").post("/leave")).status_code == 403
    assert (await home.browser(Origin=home.url).post("/leave")).status_code == 200


async def test_a_page_behind_a_proxy_is_ours(tmp_path: Path) -> None:
    async with open_home(tmp_path, public_url="https://shop.example") as home:
        assert (await home.browser(Origin="https://shop.example").post("/leave")).status_code == 200


async def test_bodies_are_limited_by_what_they_say_and_by_what_comes(home: Home) -> None:
    owner = await home.sign_in()
    told = await owner.post("/api/v1/chat/messages", content=b"x" * 70_000)
    assert told.status_code == 413
    assert "64 kB" in told.json()["error"]

    async def pieces() -> object:
        for _ in range(20):
            yield b"x" * 5_000

    sent = await owner.post("/api/v1/chat/messages", content=pieces(), headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
    assert sent.status_code == 413
    assert (await home.browser().post("/webhooks/bricklink", content=b"x" * 1025)).status_code == 413
    assert (await home.browser().post("/webhooks/bricklink", content=b"x" * 1024)).status_code == 404
    assert (await home.browser().post("/webhooks/ebay", content=b"x" * 65_537)).status_code == 413
    assert (await home.browser().post("/webhooks/shopify", content=b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_a_batch_that_says_it_is_too_large_is_refused_before_it_comes(home: Home) -> None:
    host, port = home.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST /api/v1/photos HTTP/1.1\r\nHost: {host}\r\nContent-Length: {102 * 1024 * 1024}\r\n\r\n".encode())
    status = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert b" 413 " in status
