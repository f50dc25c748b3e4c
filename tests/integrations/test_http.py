"""The way out: what goes wrong and what it becomes, over real sockets and a hand-made transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import aiohttp
import httpx
import pytest
from structlog.testing import capture_logs

from core.errors import Busy, Invalid, Unreachable
from integrations.http import LONGEST_WAIT, Http, Response, gather_some, redact, retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Scripted(httpx.AsyncBaseTransport):
    """Answers with what it is told to, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: list[httpx.Response | Exception] = []
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
async def wire() -> AsyncIterator[tuple[Http, Scripted]]:
    script = Scripted()
    http = Http(transport=script)
    yield http, script
    await http.close()


Wired = tuple[Http, Scripted]


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 404, 409, 499])
async def test_what_is_below_500_is_an_answer(wire: Wired, status: int) -> None:
    http, script = wire
    script.answers = [httpx.Response(status, json={"a": 1}, headers={"Location": "https://elsewhere.example"})]
    answer = await http.call("GET", "https://x.example/a")
    assert (answer.status, answer.ok) == (status, status < 300)
    assert answer.headers["location"] == "https://elsewhere.example"
    assert len(script.requests) == 1


@pytest.mark.parametrize("trouble", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), httpx.Response(503)])
async def test_no_usable_answer_is_unreachable(wire: Wired, trouble: httpx.Response | Exception) -> None:
    http, script = wire
    script.answers = [trouble]
    with pytest.raises(Unreachable, match="eBay"):
        await http.call("GET", "https://x.example/a", service="eBay")
    assert http.counts()["x.example"]["unreachable"] == 1


async def test_429_waits_as_told_or_as_usual(wire: Wired) -> None:
    http, script = wire
    script.answers = [httpx.Response(429, headers={"Retry-After": "12"}), httpx.Response(429)]
    for seconds in (12, 30):
        with pytest.raises(Busy) as caught:
            await http.call("GET", "https://x.example/a", busy_after=30)
        assert caught.value.retry_after == seconds
    assert http.counts()["x.example"] == {"calls": 2, "busy": 2, "unreachable": 0, "last_ms": http.counts()["x.example"]["last_ms"]}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("0", 0.1),
        ("-3", 0.1),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.1),
        ("Sat, 21 Nov 2026 12:00:30", 5),
        ("soon", 5),
        ("nan", 5),
        ("inf", LONGEST_WAIT),
        ("", 5),
    ],
)
def test_retry_after(header: str, seconds: float) -> None:
    assert retry_after(header, 5, NOW) == seconds


async def test_pace_is_asked_before_each_call_and_may_refuse(wire: Wired) -> None:
    http, script = wire

    async def pace(calls: int) -> None:
        raise Busy("later", retry_after=60 * calls)

    with pytest.raises(Busy):
        await http.call("GET", "https://x.example/a", pace=pace)
    assert script.requests == []


async def test_logs_hold_no_secrets(wire: Wired) -> None:
    http, script = wire
    script.answers = [httpx.Response(200, json={"token": "in-the-answer"}), httpx.ReadTimeout("in-the-error")]
    secret = "s" * 60
    with capture_logs() as lines:
        await http.call("POST", f"https://user:in-the-host@x.example/hook/{secret}?key=in-the-query", json={"a": "in-the-body"})
        with pytest.raises(Unreachable):
            await http.call("GET", "https://x.example/plain", headers={"Authorization": "in-the-header"})
    assert [(line["path"], line["status"], line["host"]) for line in lines] == [("/hook/…", 200, "x.example"), ("/plain", 0, "x.example")]
    assert "in-the" not in str(lines)
    assert redact("/sell/inventory/v1/offer/8100100010") == "/sell/inventory/v1/offer/8100100010"


async def test_cookies_of_one_account_never_travel_with_another(wire: Wired) -> None:
    http, script = wire
    script.answers = [httpx.Response(200, headers={"Set-Cookie": "who=first; Path=/"}), httpx.Response(200)]
    for _ in range(2):
        await http.call("GET", "https://x.example/a")
    assert "cookie" not in script.requests[1].headers


async def test_an_address_that_is_none(wire: Wired) -> None:
    with pytest.raises(Invalid):
        await wire[0].call("GET", "https://x.example:port/")


def test_answers_that_make_no_sense() -> None:
    assert Response(204, {}, b"").object() == {}
    for body in (b"<html>", b"[1]", b"\xff"):
        with pytest.raises(Unreachable):
            Response(200, {}, body).object()


async def test_a_dead_port_is_unreachable_for_real() -> None:
    http = Http()
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable):
        await http.call("GET", f"http://127.0.0.1:{port}/")
    server.close()
    await server.wait_closed()
    with pytest.raises(Unreachable):
        await http.call("GET", f"http://127.0.0.1:{port}/")
    await http.close()


async def test_what_may_have_been_done_is_not_done_again_and_what_was_never_sent_is_tried_once_more(wire: Wired) -> None:
    http, script = wire
    never = httpx.ConnectTimeout("x")
    never.__cause__ = aiohttp.ConnectionTimeoutError("x")
    script.answers = [never, httpx.Response(200)]
    assert (await http.call("POST", "https://x.example/a")).ok
    received = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    real = Http()
    with pytest.raises(Unreachable) as broken:
        await real.call("POST", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (len(received), broken.value.cause) == (1, "ServerDisconnectedError")
    await real.close()
    server.close()
    await server.wait_closed()


async def test_cookies_stay_out_on_the_wire_too_and_nothing_is_added_to_what_is_sent() -> None:
    heads = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the caller closes
            while head := await reader.readuntil(b"\r\n\r\n"):
                heads.append(head.decode().lower())
                writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: who=first; Path=/\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    http = Http()
    for _ in range(2):
        await http.call("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a%2Fb?c=d%20e%7B%7D")
    await http.close()
    assert [head.split("\r\n")[0] for head in heads] == ["get /a%2fb?c=d%20e%7b%7d http/1.1"] * 2
    assert [name for name in ("cookie:", "content-type:") if any(name in head for head in heads)] == []
    assert all(head.count("user-agent: haggle/") == 1 for head in heads)
    server.close()
    await server.wait_closed()


async def test_gathering_a_few_at_once() -> None:
    running = most = 0

    async def one(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    assert await gather_some(3, [partial(one, number) for number in range(9)]) == list(range(9))
    assert most == 3


async def test_the_first_failure_stops_the_rest() -> None:
    ended = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail() -> None:
        raise Unreachable("no")

    with pytest.raises(Unreachable):
        await gather_some(2, [wait, fail])
    assert ended.is_set()
