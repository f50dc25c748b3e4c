"""The outermost layer: who may address us, how much they may send, and the headers that every answer carries.

Host names are an allow-list against DNS rebinding: Haggle listens on a laptop, and any web page may point its own name at
127.0.0.1. Who listens for other machines too is also called by the machine's own names and by addresses: a browser that sends an
address has been told no foreign name. A foreign Origin is refused on every path but those of marketplaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.listening import ANY_ADDRESS, is_address, own_names
from storage.uploads import MAX_BATCH_BYTES, MAX_BYTES

POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What comes here comes from marketplaces, or from their pages, and is believed for its signature or the consent that we began, not for
# somebody's cookie: their servers and pages may name any origin.
FROM_ANYWHERE = ("/webhooks/", "/oauth/")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

KB = 1024
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?")
# The first prefix that fits says how many bytes a body may have. Thin webhooks carry a few ids (TABLES.md).
BODIES = (
    ("/webhooks/shopify", KB * KB),
    ("/webhooks/telegram", KB * KB),
    ("/webhooks/slack", KB * KB),  # a press brings the whole message along
    ("/webhooks/ebay", 64 * KB),
    ("/webhooks/", KB),
    ("/api/v1/photos", MAX_BATCH_BYTES + KB * KB),  # and what multipart puts around it
    ("/api/v1/rolls/", MAX_BYTES + KB * KB),  # one photo
    ("", 64 * KB),
)


class WebSettings(Protocol):
    """What the HTTP app wants to know (`bot/settings.py`). `public_url` has no slash at its end; empty when there is none."""

    @property
    def host(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def allowed_hosts(self) -> Sequence[str]: ...


class Security:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._names = _names(settings)
        self._everywhere = settings.host in ANY_ADDRESS
        self._public = urlsplit(settings.public_url).netloc.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(scope=message))
            await send(message)

        no = self._refusal(scope)
        if no is not None:
            await no(scope, receive, send_secured)
            return
        await self._app(scope, _limited(receive, scope["path"]), send_secured)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if not self._is_called(_hostname(host)):
            return _no(400, "Haggle does not answer to this name. Open it by localhost, or add the name to HAGGLE_ALLOWED_HOSTS.")
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return _no(400, "There is a character in this address that no text holds. Open Haggle by its link.")
        if not scope["path"].startswith(FROM_ANYWHERE) and self._is_foreign(scope, headers, host):
            return _no(403, "This was asked for by another web site, so Haggle did not do it. Use Haggle's own page.")
        limit = body_limit(scope["path"])
        told = headers.get("content-length", "0")
        if not told.isdigit() or int(told) > limit:
            return _no(413, _too_large(scope["path"], limit))
        return None

    def _is_called(self, name: str) -> bool:
        return name in self._names or (self._everywhere and is_address(name))

    def _is_foreign(self, scope: Scope, headers: Headers, host: str) -> bool:
        """Whether another web site asks. Programs send neither header; browsers send no Origin when somebody follows a link to us, which is
        the one thing that another site may do, and may not write. "null" (a sandboxed frame) is foreign."""
        guarded = scope["method"] not in SAFE or scope["path"].startswith("/api/")
        if guarded and headers.get("sec-fetch-site") == "cross-site":
            return True
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).netloc.lower() not in {host, self._public} - {""}


def secure(headers: MutableHeaders) -> None:
    """Put our headers on an answer. What says nothing about caching is not kept anywhere."""
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def body_limit(path: str) -> int:
    return next(limit for prefix, limit in BODIES if path.startswith(prefix))


def _names(settings: WebSettings) -> frozenset[str]:
    names = {"localhost", "127.0.0.1", "::1"} | {name.lower().strip("[]") for name in settings.allowed_hosts}
    if settings.host in ANY_ADDRESS:
        names |= own_names()
    else:
        names.add(settings.host.lower())
    if public := urlsplit(settings.public_url).hostname:
        names.add(public)
    return frozenset(names)


def _hostname(host: str) -> str:
    """Without port and brackets; empty when that is no host."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]") if found else ""


def _limited(receive: Receive, path: str) -> Receive:
    """Counts what really arrives: a body sent in chunks tells no length."""
    limit = body_limit(path)
    arrived = 0

    async def counted() -> Message:
        nonlocal arrived
        message = await receive()
        arrived += len(message.get("body", b""))
        if arrived > limit:
            raise HTTPException(413, _too_large(path, limit))
        return message

    return counted


def _too_large(path: str, limit: int) -> str:
    if path.startswith("/api/v1/photos"):
        return "These photos are more than 100 MB together: send them in smaller groups."
    return f"This is more than the {limit // KB} kB that Haggle takes here. Send less at once."


def _no(status: int, sentence: str) -> JSONResponse:
    content: dict[str, Any] = {"error": sentence}
    return JSONResponse(content, status)
