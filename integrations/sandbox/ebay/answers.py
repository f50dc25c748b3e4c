"""eBay's error bodies, and dates as eBay writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

DOMAINS = {
    "identity": "API_IDENTITY",
    "inventory": "API_INVENTORY",
    "media": "API_MEDIA",
    "account": "API_ACCOUNT",
    "fulfillment": "API_FULFILLMENT",
    "finances": "API_FINANCES",
    "notification": "API_NOTIFICATION",
    "taxonomy": "API_TAXONOMY",
    "metadata": "API_METADATA",
}


class Refusal(Exception):
    """An answer in eBay's `errors[]` envelope. `area` is a key of DOMAINS, or a domain itself."""

    def __init__(
        self,
        status: int,
        error_id: int,
        area: str,
        message: str,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.error: dict[str, Any] = {
            "errorId": error_id,
            "domain": DOMAINS.get(area, area),
            "category": "APPLICATION" if status >= 500 else "REQUEST",
            "message": message,
        }
        if parameters:
            self.error["parameters"] = [{"name": name, "value": value} for name, value in parameters.items()]

    def response(self) -> Response:
        return JSONResponse({"errors": [self.error]}, self.status, dict(self.headers or {}))


def wire(moment: datetime) -> str:
    """`2026-11-21T08:15:00.123Z`, which also sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read(text: str) -> datetime:
    """An ISO 8601 time, UTC when it names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def no_content() -> Response:
    return Response(status_code=204)
