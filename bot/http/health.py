"""Is it alive, is it well, and how much waits: for Docker, for people and for Prometheus."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from bot.http.entrance import SIGN_IN, Member, visitor

LOOPBACK = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")  # with one of these the caller is not who it seems: a proxy is

Health = Callable[[], Awaitable[dict[str, Any]]]


class HealthApi:
    """`health()` answers JSON; when it holds `"ok": false` the status is 503. Every number in it becomes a metric."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/healthz", self.alive, methods=["GET", "HEAD"], include_in_schema=False)
        router.add_api_route("/api/v1/health", self.health)
        router.add_api_route("/metrics", self.metrics, response_class=PlainTextResponse)
        return router

    async def alive(self) -> dict[str, bool]:
        return {"alive": True}

    async def health(self, person: Member) -> JSONResponse:
        found = await self._health()
        return JSONResponse(found, 200 if found.get("ok", True) else 503)

    async def metrics(self, request: Request) -> PlainTextResponse:
        direct = request.client is not None and request.client.host in LOOPBACK and not any(name in request.headers for name in FORWARDED)
        if not direct and visitor(request) is None:
            raise HTTPException(401, SIGN_IN)
        return PlainTextResponse(prometheus(await self._health()), media_type="text/plain; version=0.0.4; charset=utf-8")


def prometheus(found: Mapping[str, Any]) -> str:
    """Numbers as gauges. `{"queues": {"change": {"approved": 3}}}` is `haggle_queues{of="change.approved"} 3`; what is no
    number is left out."""
    lines: list[str] = []
    for name, value in found.items():
        gauges = list(_numbers(value, ()))
        if gauges:
            metric = "haggle_" + re.sub(r"[^a-zA-Z0-9_]", "_", name)
            lines.append(f"# TYPE {metric} gauge")
            lines += [f"{metric}{_label(path)} {number:g}" for path, number in gauges]
    return "\n".join(lines) + "\n"


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*path, str(key)))
    elif isinstance(value, bool | int | float):
        yield path, float(value)


def _label(path: tuple[str, ...]) -> str:
    if not path:
        return ""
    told = ".".join(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'{{of="{told}"}}'
