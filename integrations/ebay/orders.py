"""Orders: reading them one by one and page by page, with what they cost and how far they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog

from core.errors import HaggleError, Unreachable
from core.values.channel import ChannelOrder, ChannelParcel, Connection, OrderPage
from integrations.ebay.client import Client
from integrations.ebay.complaints import Complaints, in_the_light
from integrations.ebay.errors import NONSENSE
from integrations.ebay.order_mapping import fees_of, label_of, order_of, parcels_of
from integrations.oauth import Now

log = structlog.get_logger("ebay.orders")

PAGE = 200  # eBay's most
NAMED = 50  # orders in one call, by their numbers
READINGS = 3
OLDEST = timedelta(days=729)  # eBay keeps two years
OVERLAP = timedelta(minutes=2)  # eBay's search trails its writes a little: the next poll looks back over the seam


class Orders:
    def __init__(self, client: Client, now: Now) -> None:
        self._client = client
        self._now = now
        self.complaints = Complaints(client, now)

    async def one(self, account: Connection, external_id: str) -> ChannelOrder:
        """One order with all that eBay tells about it. Raises `Missing` when eBay does not know it."""
        return await self.whole(account, await self.raw(account, external_id))

    async def raw(self, account: Connection, external_id: str) -> dict[str, Any]:
        """One order as eBay writes it."""
        url = f"{self._client.settings.fulfillment}/order/{quote(external_id, safe='')}"
        return (await self._client.as_seller(account, "GET", url)).object()

    async def whole(self, account: Connection, found: Mapping[str, Any]) -> ChannelOrder:
        """An order that was read, with what eBay tells elsewhere: fees, and once something is on its way parcels, labels, returns and
        disputes. For a new order whose fees eBay names there is nothing more to ask."""
        order = order_of(found)
        sent = bool(found.get("fulfillmentHrefs"))
        if order.paid and (sent or order.fees is None):
            page = await self._transactions(account, order.external_id)
            currency = order.total.currency
            order = replace(order, fees=order.fees or fees_of(page, currency), label_cost=label_of(page, currency))
        if sent:
            parcels = await self._parcels(account, order.external_id)
            complaints = await self.complaints.of_order(account, order.external_id)
            order = replace(order, parcels=parcels, state=in_the_light(order, complaints))
        return order

    async def _parcels(self, account: Connection, order_id: str) -> tuple[ChannelParcel, ...]:
        url = f"{self._client.settings.fulfillment}/order/{quote(order_id, safe='')}/shipping_fulfillment"
        return parcels_of((await self._client.as_seller(account, "GET", url)).object())

    async def since(self, account: Connection, since: datetime) -> OrderPage:
        """Orders changed since then. Pages shift when an order changes between two of them, so a reading whose total moved is
        taken again; when it never rests, the cursor stays where it was."""
        now = self._now()
        start = max(min(since, now), now - OLDEST).astimezone(UTC)
        found: dict[str, dict[str, Any]] = {}
        steady = False
        for _ in range(READINGS):
            steady = await self._read(account, start, found)
            if steady:
                break
        orders, problems = [], []
        changed = set(found)
        complaints = await self.complaints.open(account)
        await self._named(account, {one.order for one in complaints} - changed, found)
        for key, one in found.items():
            try:
                order = order_of(one)
                orders.append(replace(order, state=in_the_light(order, complaints)))
            except Unreachable as error:  # one order that makes no sense must not hide the others
                log.error("order left out", order=key, cause=error.cause)
                problems.append(f"Order {key} on eBay makes no sense to me, so I left it out. See there what it sold, and say /sold.")
        orders.sort(key=lambda one: (one.changed_at, one.external_id))
        moments = [one.changed_at for one in orders if one.external_id in changed]
        newest = max(moments) - OVERLAP if moments and steady else since
        return OrderPage(tuple(orders), max(since, newest), tuple(problems))

    async def _named(self, account: Connection, ids: Collection[str], found: dict[str, dict[str, Any]]) -> None:
        """Read these orders into `found`, as far as eBay gives them: what was complained of holds up no sale."""
        url, names = f"{self._client.settings.fulfillment}/order", sorted(ids)
        for start in range(0, len(names), NAMED):
            params = {"orderIds": ",".join(names[start : start + NAMED])}
            try:
                page = (await self._client.as_seller(account, "GET", url, params=params)).object()
            except HaggleError as error:
                log.info("orders complained of were not read", code=error.code, cause=error.cause)
                return
            found.update({str(one.get("orderId") or ""): one for one in page.get("orders") or []})

    async def _read(self, account: Connection, start: datetime, found: dict[str, dict[str, Any]]) -> bool:
        """Read all pages into `found`, newest state of an order last. Says whether the list stood still meanwhile."""
        url = f"{self._client.settings.fulfillment}/order"
        # No end date: eBay refuses one that lies ahead of its own clock.
        stamp = start.strftime("%Y-%m-%dT%H:%M:%S.") + f"{start.microsecond // 1000:03d}Z"
        total, offset = -1, 0
        while True:
            params = {"filter": f"lastmodifieddate:[{stamp}..]", "limit": str(PAGE), "offset": str(offset)}
            page = (await self._client.as_seller(account, "GET", url, params=params)).object()
            if "total" not in page:
                raise Unreachable(NONSENSE, cause="a page of orders without a total")
            orders = page.get("orders") or []
            found.update({str(one.get("orderId") or ""): one for one in orders})
            steady = total in (-1, int(page.get("total") or 0))
            total, offset = int(page.get("total") or 0), offset + PAGE
            if not steady:
                return False
            if offset >= total or not orders:
                return True

    async def _transactions(self, account: Connection, order_id: str) -> dict[str, Any]:
        """What Finances knows of an order's money. Unknown is nothing: a sale is never held up by its costs."""
        own = self._client.settings
        headers = {"X-EBAY-C-MARKETPLACE-ID": own.marketplace}
        params = {"filter": f"orderId:{{{order_id}}}", "limit": "50"}
        try:
            answer = await self._client.as_seller(account, "GET", f"{own.finances}/transaction", params=params, headers=headers)
            return answer.object() if answer.body else {}  # 204: nothing yet
        except HaggleError as error:
            log.info("fees unknown", code=error.code, cause=error.cause)
            return {}
