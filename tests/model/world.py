"""The real app and its marketplaces, driven by the steps that a history is made of, and compared with the reference after each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from sqlalchemy import func, select

from core.errors import Refused
from core.flows import accounts, changes, counting, edits, ledger, polling, returns, sales
from core.money import Money
from core.rules import stock as rules
from core.rules.stock import Level
from core.values.channel import ChannelOrder
from core.values.states import ChangeKind, ListingState
from storage.models import Account, Item, Listing, Order, OrderLine, StockEntry
from tests import shelf
from tests.model.reference import Reference, Sale
from tests.shop import TestShop

MARKETS = ("ebay", "shopify")
STEPS = ("buy", "buy", "buy both", "sell outside", "count", "reprice", "put up", "take down", "pay", "cancel", "refund", "back", "again")
HEARD = ("webhook", "twice", "poll", "later")
Step = tuple[str, int, int]
MINUTES = 5  # between two histories, so that a poll reads one's orders only


class World:
    """One history: some items, up on both marketplaces. `settled` is what has to be true of it whenever nothing is under way."""

    def __init__(self, shop: TestShop, photo: str, first: int) -> None:
        self.shop, self.photo, self.first = shop, photo, first
        self.reference = Reference()
        self.ids: list[str] = []
        self.prices: dict[int, int] = {}
        self.unheard: set[str] = set()
        self.snapshots: list[tuple[str, ChannelOrder]] = []
        self.accounts: dict[str, Account] = {}

    @property
    def house(self) -> Any:
        return self.shop.app.house

    async def begin(self, quantities: Sequence[int], *, up: int) -> None:
        """Items with so many units each, the first `up` of which are put up."""
        self.shop.clock.move(minutes=MINUTES)
        await asyncio.to_thread(self.shop.sandbox.shift_clock, MINUTES * 60)
        async with self.house.db.write() as session:
            found = (await session.execute(select(Account).where(Account.channel.in_(MARKETS)))).scalars().all()
            self.accounts = {one.channel: one for one in found}
            for place, quantity in enumerate(quantities):
                number = self.first + place
                item = await shelf.shelve(session, self.house, self.shop.person, found, self.photo, number, quantity=quantity)
                self.ids.append(item.id)
                self.reference.units[place], self.prices[place] = quantity, 8000
        for place in range(up):
            await self.put_up(place)

    async def do(self, what: str, place: int, number: int) -> None:
        """One step. `number` says how, by what there is now; it does nothing where there is nothing to do it to."""
        market, heard, paid, many = MARKETS[number % 2], HEARD[number // 2 % 4], number % 3 > 0, 1 + number // 8 % 2
        match what:
            case "buy" | "buy both":
                await self.buy(market, {place: many} if what == "buy" else {0: 1, 1: 1}, paid=paid, heard=heard)
            case "sell outside":
                await self.sell_outside(place)
            case "count":
                await self.count(place, (-1, 1, 2)[number % 3])
            case "reprice":
                await self.reprice(place, 5000 + 100 * number)
            case "put up":
                await self.put_up(place)
            case "take down":
                await self.take_down(place)
            case "again":
                if self.snapshots:
                    await self.hear_again(*self.snapshots[number % len(self.snapshots)])
            case _:
                if key := self._known(number, "refunded" if what == "back" else "open"):
                    await (self.came_back(key) if what == "back" else self.after(key, what))

    def _known(self, number: int, state: str) -> str:
        """One of the marketplaces' orders that were heard of and are in this state; "" when there is none."""
        known = [key for key, one in self.reference.sales.items() if ":" in key and one.state == state and key not in self.unheard]
        return known[number % len(known)] if known else ""

    # -- what people do here

    async def put_up(self, place: int) -> None:
        if place in self.reference.up:
            return
        wanted = self.reference.free(place) > 0
        async with self.house.db.write() as session:
            item = await session.get_one(Item, self.ids[place])
            if not wanted:  # the house must say no by itself
                assert item.state != "live"
                return
            for account in self.accounts.values():
                listing = await changes.listing_for(session, item, account)
                kind = ChangeKind.RELIST if listing.listed_at else ChangeKind.PUBLISH
                await changes.make(session, self.house.db, kind, item, listing, person=self.shop.person)
        self.reference.up.add(place)
        self.reference.show(place)
        await self.settled()

    async def take_down(self, place: int) -> None:
        await self._with(place, self._down)
        self.reference.up.discard(place)
        await self.settled()

    async def _down(self, session: Any, item: Item) -> None:
        for listing in await changes.listings_of(session, item.id):
            if listing.wanted == "live":
                await changes.make(session, self.house.db, ChangeKind.DELIST, item, listing, person=self.shop.person)

    async def count(self, place: int, difference: int) -> None:
        """Units are found or lost, said by hand."""

        async def write(session: Any, item: Item) -> None:
            level = await ledger.level_of(session, item.id)
            assert level is not None
            why = counting.Why(reason="counted")
            await edits.write(session, self.house, self.shop.person, item, "quantity", level.total + difference, why=why)

        if await self._with(place, write):
            self.reference.units[place] += difference
            self.reference.show(place)
        await self.settled()

    async def reprice(self, place: int, price: int) -> None:
        if await self._with(place, lambda session, item: edits.write(session, self.house, self.shop.person, item, "price", price)):
            self.prices[place] = price
        await self.settled()

    async def sell_outside(self, place: int) -> None:
        if self.reference.free(place) < 1 or self.unheard:
            return
        key = ""

        async def sell(session: Any, item: Item) -> None:
            nonlocal key
            key = (await sales.sell_outside(session, self.house, self.shop.person, item, Money(5000, "USD"), how="cash")).external_id

        await self._with(place, sell)
        self.reference.sales[key] = Sale({place: 1}, paid=True)
        self.reference.show(place)
        await self.settled()

    async def _with(self, place: int, work: Callable[[Any, Item], Awaitable[object]]) -> bool:
        """In a transaction that holds the item. False when it was refused."""
        try:
            async with self.house.db.write() as session:
                await ledger.hold(session, self.house.db, self.ids[place])
                await work(session, await session.get_one(Item, self.ids[place]))
        except Refused:
            return False
        return True

    # -- what buyers do there

    async def buy(self, market: str, wants: dict[int, int], *, paid: bool, heard: str) -> None:
        """`heard`: webhook, twice, poll, or later (with whatever comes next: the same units may be sold elsewhere meanwhile)."""
        fault = {"twice": "webhook_duplicate", "poll": "webhook_lost", "later": "webhook_lost", "webhook": ""}[heard]
        lines = [(f"SHELF-{self.first + place}", count) for place, count in sorted(wants.items())]
        try:
            if fault:
                await asyncio.to_thread(self.shop.sandbox.fault, fault, marketplace=market)
            order = await asyncio.to_thread(self.shop.sandbox.buy_several, market, *lines, paid=paid)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 409:  # there are not so many, or it is not up
                raise
            return
        finally:
            await asyncio.to_thread(self.shop.sandbox.no_faults)
        key = str(order.get("orderId") or order["id"])
        self.reference.sales[f"{market}:{key}"] = Sale(wants, paid)
        self.reference.show(*wants)
        self.unheard.add(f"{market}:{key}")
        if heard != "later":
            await self.settled(market)

    async def _told(self, key: str) -> tuple[Account, ChannelOrder]:
        market, _colon, external = key.partition(":")
        account = self.accounts[market]
        channel = self.house.channels[market]
        return account, await channel.order(accounts.connection(self.house, account), external)

    async def hear_again(self, key: str, told: ChannelOrder) -> None:
        """An old report of an order comes late: nothing may go back to what it says."""
        await sales.take(self.house, self.accounts[key.partition(":")[0]], told, seen_by="webhook")
        await self.settled()

    async def after(self, key: str, what: str) -> None:
        """What becomes of an order that is known: pay, cancel, refund, and then back (the things are here again)."""
        market, _colon, external = key.partition(":")
        sale = self.reference.sales[key]
        allowed = {"pay": not sale.paid, "cancel": True, "refund": sale.paid and market == "shopify"}[what]
        if not allowed or sale.state != "open" or any(self.reference.free(place) < 0 for place in sale.wants):
            return
        self.snapshots.append((key, (await self._told(key))[1]))
        await asyncio.to_thread(getattr(self.shop.sandbox, what), market, external)
        sale.paid = sale.paid or what == "pay"
        sale.state = {"pay": "open", "cancel": "off", "refund": "refunded"}[what]
        await self.settled(market)

    async def came_back(self, key: str) -> None:
        """A refunded thing is here again."""
        async with self.house.db.write() as session:
            order = (await session.execute(self._order(key))).scalar_one()
            lines = (
                (await session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.item_id))).scalars().all()
            )
            for line in lines:
                await returns.come_back(session, self.house, self.shop.person, order, line, "stock")
        self.reference.sales[key].state = "back"
        self.reference.show(*self.reference.sales[key].wants)
        await self.settled()

    def _order(self, key: str) -> Any:
        return select(Order).where(Order.external_id.like(f"%{key.partition(':')[2]}"))

    # -- what must be true

    async def settled(self, *polled: str) -> None:
        """Everything that is under way is done: `polled` marketplaces, and those with unheard orders, are asked for them. Then look."""
        for market in sorted({*polled, *(key.partition(":")[0] for key in self.unheard)}):
            await polling.poll_orders(self.house, self.accounts[market])
        self.unheard.clear()
        while (await asyncio.to_thread(self.shop.sandbox.deliveries))["pending"] or await self.shop.waits():
            await self.shop.idle()
        await self.shop.idle()
        self.reference.settle()
        await self.check()

    async def check(self) -> None:
        """What we think is what the reference says."""
        async with self.house.db.read() as session:
            for place, item_id in enumerate(self.ids):
                level = await self._ledger(session, item_id)
                free, asked = self.reference.free(place), self.reference.asked
                assert level.available == max(0, free), (place, level, free)
                if free >= 0:
                    assert level.reserved == asked(place, paid=False), (place, level)
                rows = (await session.execute(select(Listing).where(Listing.item_id == item_id))).scalars().all()
                up = [one for one in rows if one.state == ListingState.ACTIVE or one.wanted == "live"]
                assert {one.channel for one in up} == (set(MARKETS) if place in self.reference.up else set()), (place, up)
                for one in up:
                    self._shown(place, one.quantity or 0, one.price)
            query = select(func.count(OrderLine.order_id.distinct())).where(OrderLine.item_id.in_(self.ids))
            assert (await session.execute(query)).scalar_one() == len(self.reference.sales)  # each order once

    async def end(self) -> None:
        """Look there too: what can be bought is what the reference says."""
        await self.settled()
        for market in MARKETS:
            live = [one for one in self.shop.sandbox.state(market)["listings"] if one["state"] == "ACTIVE"]
            for place in range(len(self.ids)):
                here = [one for one in live if one["sku"] == f"SHELF-{self.first + place}"]
                assert len(here) == (1 if place in self.reference.up else 0), (market, place, self.reference.up)
                for one in here:
                    self._shown(place, int(one["quantity"]), round(float(one["price"]) * 100))

    def _shown(self, place: int, quantity: int, price: int | None) -> None:
        """As many as were told last and never more than there are, at the price that was said last."""
        assert quantity == self.reference.shown[place] <= self.reference.free(place), (place, quantity, self.reference)
        assert price == self.prices[place], (place, price)

    async def _ledger(self, session: Any, item_id: str) -> Level:
        """Stock is the fold of the item's entries, each of which begins where the one before ended."""
        entries = (
            (await session.execute(select(StockEntry).where(StockEntry.item_id == item_id).order_by(StockEntry.place))).scalars().all()
        )
        level = Level()
        for one in entries:
            assert (one.total_before, one.reserved_before) == (level.total, level.reserved)
            level = Level(one.total_after, one.reserved_after)
            assert 0 <= level.reserved <= level.total
        assert level == rules.fold([(one.total, one.reserved) for one in entries])
        assert level == await ledger.level_of(session, item_id)
        return level
