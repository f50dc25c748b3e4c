"""Webhooks: proven, stored, answered, in this order. What they speak of is fetched later (`core/flows/deliveries.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import structlog
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.http.answers import answer_sentence
from bot.http.limits import Limits
from core.errors import HaggleError, Invalid, Refused
from core.flows import privacy
from core.flows.house import House
from core.values.channel import Hint
from storage.inbox import Delivery
from storage.refused import count_refused

log = structlog.get_logger(__name__)

TelegramWebhook = Callable[[Mapping[str, str], bytes], Awaitable[bool]]
# eBay wants 412 for a signature that does not fit (its Notification API's guide); the others take any 4xx, and 401 says it best.
BAD_SIGNATURE = {"ebay": 412}
PRIORITY = 1  # a sale comes before everything


@runtime_checkable
class Challenged(Protocol):
    """A gate whose marketplace checks that the endpoint is ours before it sends anything."""

    def challenge(self, code: str, endpoint: str) -> str: ...


class Webhooks:
    """`POST /webhooks/{source}`, `GET /webhooks/{source}?challenge_code=` and `POST /webhooks/telegram`."""

    def __init__(self, house: House, limits: Limits, telegram: TelegramWebhook | None) -> None:
        self._house = house
        self._limits = limits
        self._telegram = telegram

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/webhooks")
        if self._telegram is not None:
            router.add_api_route("/telegram", self.telegram, methods=["POST"], response_class=Response)
        # A plain route: what FastAPI does around an endpoint (its parameters, its answer) cost more than taking the delivery in.
        router.add_route(f"{router.prefix}/{{source}}", self.deliver, methods=["POST"])
        router.add_api_route("/{source}", self.challenge)
        return router

    async def deliver(self, request: Request) -> Response:
        source = str(request.path_params["source"])
        gate = self._house.gates.get(source)
        if gate is None:
            raise HTTPException(404)
        self._limits.webhooks.take(source)
        body = await request.body()
        try:
            hints = await gate.read(dict(request.headers), body)
        except Refused as error:
            await count_refused(self._house.db, source)
            return answer_sentence(BAD_SIGNATURE.get(source, 401), str(error))
        except Invalid as error:
            log.warning("a signed webhook makes no sense", source=source, sentence=str(error))
            return answer_sentence(400, str(error))
        except HaggleError as error:  # it could not be checked now (no public key, say): the source sends it again
            log.warning("a webhook could not be checked", source=source, sentence=str(error), cause=error.cause)
            return answer_sentence(503, str(error))
        await self._house.inbox.put_all([_delivery(source, hint, self._house) for hint in hints])
        return Response(status_code=200)

    async def challenge(self, source: str, challenge_code: str = "") -> dict[str, Any]:
        gate = self._house.gates.get(source)
        if not challenge_code or not isinstance(gate, Challenged):
            raise HTTPException(404)
        return {"challengeResponse": gate.challenge(challenge_code, f"{self._house.public_url.rstrip('/')}/webhooks/{source}")}

    async def telegram(self, request: Request) -> Response:
        assert self._telegram is not None
        self._limits.webhooks.take("telegram")
        if await self._telegram(request.headers, await request.body()):
            return Response(status_code=200)
        await count_refused(self._house.db, "telegram")
        return answer_sentence(401, "This update does not carry Telegram's secret.")


def _delivery(source: str, hint: Hint, house: House) -> Delivery:
    account = hint.account_external_id
    body = privacy.sealed(house, hint) if hint.topic in privacy.TOPICS else {"resource": hint.resource}
    return Delivery(
        source=source, account=account, event_id=hint.event_id, topic=hint.topic, body=body,
        lane=f"webhook:{source}:{account}", priority=PRIORITY,
    )  # fmt: skip
