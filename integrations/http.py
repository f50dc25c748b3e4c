"""The one way out to other services: a shared connection pool, one mapping of what can go wrong, one line of log a call.

    answer = await http.call("GET", url, service="eBay", headers=..., pace=account.pace)

| what happened | what the caller gets |
|---|---|
| an answer below 500, other than 429 | `Response`; the integration's own mapper reads errors out of it |
| 429 | `Busy`, with the service's own wait where it names one |
| 5xx, time-out, broken or refused connection | `Unreachable`: the effect may or may not have happened |
| outward calls are switched off | `Unreachable`, and nothing was sent |
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import loads
from typing import Any

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport

from core.errors import Busy, Invalid, Unreachable
from core.words import Told

log = structlog.get_logger("http")

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
CONNECTIONS, IDLE_SECONDS = 64, 30.0
LONGEST_WAIT = 24 * 3600.0

# A path segment that is long and random is a credential in some services' addresses (web hooks, bots): it is masked.
_TOKEN_SEGMENT = re.compile(r"(?<=/)[A-Za-z0-9_\-:.~%]{48,}(?=/|$)")

Pace = Callable[[int], Awaitable[None]]
Files = Mapping[str, tuple[str, bytes, str]]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, read to its end. `headers` ignore case. `service` is who answered, for sentences."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    service: str = "The service"

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON; `Unreachable` when it is none, because then nobody knows what happened."""
        try:
            return loads(self.body)
        except ValueError as error:
            raise self._nonsense("no JSON") from error

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        if not self.body:
            return {}
        found = self.json()
        if not isinstance(found, dict):
            raise self._nonsense("no object")
        return found

    def _nonsense(self, cause: str) -> Unreachable:
        sentence = f"{self.service} gave an answer that makes no sense. I will try again."
        return Unreachable(sentence, cause=f"{cause}, HTTP {self.status}")


@dataclass(slots=True)
class Count:
    """What one host was asked since the start: all calls, those it was too busy for, and those without a usable answer."""

    calls: int = 0
    busy: int = 0
    unreachable: int = 0
    last_ms: int = 0


class Http:
    """One per process; `close` it at shutdown. `transport` replaces the network below the client (tests watch the wire there).

    With `outward` False it makes no call at all: whoever forgets to ask the house first is stopped here.
    """

    def __init__(self, *, transport: httpx.AsyncBaseTransport | None = None, outward: bool = True) -> None:
        self._outward = outward
        # httpx itself logs whole addresses with their queries, where codes and tokens stand.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        self._client = self._built(transport)
        self._counts: dict[str, Count] = {}

    def _built(self, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
        # A proxy from the environment is for the outside world, never for this machine.
        here = None if transport else AiohttpTransport(client=partial(_session, trusted(), proxies=False))
        return httpx.AsyncClient(
            timeout=self._timeout,
            follow_redirects=False,
            # Accounts share this client: a cookie of one must never travel with another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": "Haggle/0.1", "Accept": "application/json"},
            transport=transport or AiohttpTransport(client=partial(_session, trusted(), proxies=True)),
            mounts={f"all://{host}": here for host in ("127.0.0.1", "localhost", "[::1]")} if here else None,
        )

    async def close(self) -> None:
        await self._client.aclose()

    def counts(self) -> dict[str, dict[str, int]]:
        """Calls per host since the start, for `/health`."""
        return {
            host: {"calls": one.calls, "busy": one.busy, "unreachable": one.unreachable, "last_ms": one.last_ms}
            for host, one in self._counts.items()
        }

    async def call(
        self,
        method: str,
        url: str,
        *,
        service: str = "The service",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it bounds one socket wait, not this coroutine
        pace: Pace | None = None,
        busy_after: float = 5.0,
    ) -> Response:
        """One call. `timeout` is the longest silence in seconds (20 if not given); `busy_after` the wait after a 429 that names none.

        `pace` is awaited first and may raise `Busy` itself. Raises `Busy`, `Unreachable`, and `Invalid` for an address that is none.
        """
        if not self._outward:
            raise Unreachable(Told("Outward calls are switched off (HAGGLE_OUTWARD=off), so {service} was not asked.", service=service))
        if pace is not None:
            await pace(1)
        started = time.perf_counter()
        try:
            request = self._client.build_request(
                method, url, headers=headers, params=params, json=json, content=content, data=form, files=files,
                timeout=self._timeout if timeout is None else httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            )  # fmt: skip
        except httpx.InvalidURL as error:
            raise Invalid(Told("The address set for {service} is not one. Check it in the settings.", service=service)) from error
        count = self._counts.setdefault(request.url.host, Count())
        count.calls += 1
        try:
            answer = await _send(self._client, request)
        except httpx.HTTPError as error:
            count.unreachable += 1
            what = type(error.__cause__ or error).__name__
            _log(request, 0, started, what)
            raise Unreachable(Told("{service} cannot be reached. I will try again.", service=service), cause=what) from error
        count.last_ms = int((time.perf_counter() - started) * 1000)
        _log(request, answer.status_code, started)
        if answer.status_code == 429:
            count.busy += 1
            wait = retry_after(answer.headers.get("retry-after", ""), busy_after)
            raise Busy(
                Told("{service} asks to slow down. I will go on in {wait}.", service=service, wait=_spoken(wait)),
                retry_after=wait,
                code="429",
            )
        if answer.status_code >= 500:
            count.unreachable += 1
            code = str(answer.status_code)
            raise Unreachable(
                Told("{service} has a problem of its own. I will try again.", service=service), code=code, cause=f"HTTP {code}"
            )
        return Response(answer.status_code, answer.headers, answer.content, service)


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """A connection that was never made carried nothing, so it is tried once more at once: a packet is lost, or this process stood still."""
    try:
        return await client.send(request)
    except httpx.ConnectTimeout as error:
        if not isinstance(error.__cause__, aiohttp.ConnectionTimeoutError):
            raise  # the transport calls it so whenever a connection breaks, after the request was sent too
        return await client.send(request)


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that this process trusts, read once: each reading takes 30 ms."""
    return httpx.create_ssl_context()


def _session(context: ssl.SSLContext, *, proxies: bool) -> aiohttp.ClientSession:
    """The network below the client. `proxies`: the environment's are used, but for its NO_PROXY.

    aiohttp's parser is compiled and its pool looks at one connection for a call, not at all of them: with 30 calls at once a call costs
    0.5 ms of processor instead of 3.7 with httpx's own network, and 5 ms less of the 40 of a whole sale (2026-11-24).
    """
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ssl=context)
    return aiohttp.ClientSession(
        connector=connector, trust_env=proxies, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=("Content-Type", "User-Agent")
    )


def retry_after(header: str, default: float, now: datetime | None = None) -> float:
    """Seconds to wait, from a Retry-After header: a number of seconds or a date (RFC 9110, 10.2.3). At least 0.1, at most a day."""
    wait = default
    text = header.strip()
    if text:
        try:
            wait = float(text)
        except ValueError:
            try:
                wait = (parsedate_to_datetime(text) - (now or datetime.now(UTC))).total_seconds()
            except (ValueError, TypeError):  # no date, or one without a zone
                wait = default
    if wait != wait:  # "nan" is a float too
        wait = default
    return min(max(wait, 0.1), LONGEST_WAIT)


def redact(path: str) -> str:
    """A path as it may stand in a log."""
    return _TOKEN_SEGMENT.sub("…", path)


async def gather_some(limit: int, calls: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Run calls, `limit` at once, answers in order. The first failure cancels what has not ended and is raised as it is."""
    gate = asyncio.Semaphore(limit)

    async def one(call: Callable[[], Awaitable[Any]]) -> Any:
        async with gate:
            return await call()

    tasks = [asyncio.ensure_future(one(call)) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min"


def _log(request: httpx.Request, status: int, started: float, error: str = "") -> None:
    """One line: method, host, path, status, time. Never the query, headers or bodies. The correlation id is in structlog's context."""
    write = log.warning if status == 0 or status >= 500 or status == 429 else log.debug if status < 400 else log.info
    ms = int((time.perf_counter() - started) * 1000)
    extra = {"error": error} if error else {}
    write("call", method=request.method, host=request.url.host, path=redact(request.url.path), status=status, ms=ms, **extra)
