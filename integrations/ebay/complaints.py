"""What buyers ask back: returns (Post-Order, search of returns) and disputed payments (Fulfillment, payment disputes).

Neither moves an order's own state at eBay, and a return begins long after an order has changed for the last time. So besides an order's own
reading (`of_order`) all that is open is looked at now and then (`open`). What eBay does not tell is nothing: an app may lack a permission,
eBay's own test world has no Post-Order API, and no order is held up by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from core.errors import HaggleError
from core.values.channel import ChannelOrder, Connection
from core.values.states import OrderState
from integrations.ebay.client import Client
from integrations.oauth import Now

log = structlog.get_logger("ebay.complaints")

EVERY = timedelta(minutes=30)  # 48 a day of the 5,000 that eBay gives an app for all its sellers
MOST = 200
PATIENCE = 5.0  # seconds: sales that were read in the same poll wait for this
OPEN_DISPUTE = ("OPEN", "ACTION_NEEDED")
OVER = (OrderState.CANCELLED, OrderState.REFUNDED)


@dataclass(frozen=True, slots=True)
class Complaint:
    """About an order. A dispute that is closed says that the money stayed or went: the order's own state knows which."""

    order: str
    dispute: bool
    open: bool


class Complaints:
    def __init__(self, client: Client, now: Now) -> None:
        self._client = client
        self._now = now
        self._looked: dict[str, datetime] = {}  # by account

    async def of_order(self, account: Connection, order_id: str) -> list[Complaint]:
        """All about one order, closed disputes too."""
        return [
            *await self._disputes(account, {"order_id": order_id}),
            *await self._returns(account, {"order_id": order_id, "return_state": "ALL_OPEN"}),
        ]

    async def open(self, account: Connection) -> list[Complaint]:
        """All that is open; nothing when that was looked at within the half hour."""
        now = self._now()
        if account.account_id in self._looked and now - self._looked[account.account_id] < EVERY:
            return []
        self._looked[account.account_id] = now
        return [
            *await self._disputes(account, {"payment_dispute_status": OPEN_DISPUTE, "limit": str(MOST)}),
            *await self._returns(account, {"return_state": "ALL_OPEN", "limit": str(MOST)}),
        ]

    def forget(self, account: Connection) -> None:
        self._looked.pop(account.account_id, None)

    async def _disputes(self, account: Connection, which: Mapping[str, Any]) -> list[Complaint]:
        found = await self._ask(account, f"{self._client.settings.disputes}/payment_dispute_summary", which, "Bearer")
        every = found.get("paymentDisputeSummaries") or []
        return [Complaint(str(one.get("orderId") or ""), True, one.get("paymentDisputeStatus") in OPEN_DISPUTE) for one in every]

    async def _returns(self, account: Connection, which: Mapping[str, Any]) -> list[Complaint]:
        found = await self._ask(account, f"{self._client.settings.post_order}/return/search", which, "IAF")
        open_ones = [one for one in found.get("members") or [] if one.get("state") != "CLOSED"]
        return [Complaint(str(one.get("orderId") or ""), False, True) for one in open_ones]

    async def _ask(self, account: Connection, url: str, which: Mapping[str, Any], scheme: str) -> dict[str, Any]:
        headers = {"X-EBAY-C-MARKETPLACE-ID": self._client.settings.marketplace}
        try:
            call = self._client.as_seller(account, "GET", url, params=which, headers=headers, scheme=scheme, timeout=PATIENCE)
            return (await call).object()
        except HaggleError as error:
            log.info("complaints unknown", code=error.code, cause=error.cause)
            return {}


def in_the_light(order: ChannelOrder, complaints: Iterable[Complaint]) -> OrderState:
    """An order's state with what was complained of: disputed, or asked back; an order whose disputes are all closed is done with."""
    own = [one for one in complaints if one.order == order.external_id]
    if order.state in OVER or not own:
        return order.state
    if any(one.open and one.dispute for one in own):
        return OrderState.DISPUTED
    if any(one.open for one in own):
        return OrderState.REFUND_REQUESTED
    return OrderState.COMPLETED if order.state is OrderState.SHIPPED else order.state
