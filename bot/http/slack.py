"""`POST /webhooks/slack`: events, commands and presses, where Slack calls us. They are kept, then answered, within 3 s."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.http.limits import Limits
from core.flows.house import House
from storage.refused import count_refused

SlackWebhook = Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, dict[str, str], str]]]
NOT_SLACK = 401


def router(house: House, limits: Limits, take: SlackWebhook | None) -> APIRouter:
    """`take` proves what came and answers it; None where Slack is not set up to call us."""
    made = APIRouter(prefix="/webhooks")

    async def deliver(request: Request) -> Response:
        limits.webhooks.take("slack")
        assert take is not None
        status, headers, body = await take(request.headers, await request.body())
        if status == NOT_SLACK:
            await count_refused(house.db, "slack")
        return Response(body, status, headers)

    if take is not None:
        made.add_api_route("/slack", deliver, methods=["POST"], response_class=Response)
    return made
