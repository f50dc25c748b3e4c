"""Something between us and a marketplace, for tests: a proxy that answers itself, or garbles what goes by."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

PAGE = b"<html><body>We will be back soon.</body></html>"


class Between(httpx.AsyncBaseTransport):
    """Answers itself, with `status` and `body`, what has `path` in its path. `garble` may change every other JSON answer."""

    def __init__(self) -> None:
        self._below = httpx.AsyncHTTPTransport()
        self.path = ""
        self.status, self.body = 403, PAGE
        self.garble: Callable[[Any], Any] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.path and self.path in request.url.path:
            return httpx.Response(self.status, content=self.body)
        answer = await self._below.handle_async_request(request)
        if self.garble is None:
            return answer
        return httpx.Response(answer.status_code, json=self.garble(json.loads(await answer.aread())))

    async def aclose(self) -> None:
        await self._below.aclose()
