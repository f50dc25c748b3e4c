"""Where a marketplace sends the seller back after they agreed. The `state` in the query proves that it began here, so the person
may come back in another browser than the one that is signed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.http.answers import page

FinishConnect = Callable[[str, Mapping[str, str]], Awaitable[str]]


def router(finish_connect: FinishConnect) -> APIRouter:
    """`finish_connect(kind, query)` says what is connected now, or raises one of our errors."""

    async def callback(kind: str, request: Request) -> HTMLResponse:
        sentence = await finish_connect(kind, dict(request.query_params))
        return page("Connected", sentence, link="Back to the chat")

    made = APIRouter()
    made.add_api_route("/oauth/{kind}/callback", callback, response_class=HTMLResponse)
    return made
