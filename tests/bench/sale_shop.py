"""The whole of Haggle as a process of its own, for the sale benches: `python -m tests.bench.sale_shop FIRST COUNT`.

Its settings are in the environment. With COUNT it connects both marketplaces, once, and lists so many items on them through their own
APIs, with the numbers from FIRST on and from a photo that all share; what it knows of them is written as a publish leaves it. It says
"ready" once it serves, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from functools import partial

from sqlalchemy import select

from bot import logs, wiring
from bot.demo import connect_all
from bot.http.server import Server
from bot.serving import owner
from bot.settings import Settings
from core.errors import Busy
from core.flows import accounts
from core.flows.house import House
from core.flows.people import Person
from core.flows.wanted import ref_of, wanted_of
from core.values.channel import Live, Ref, Wanted
from core.values.states import ItemState, ListingState
from integrations.http import gather_some
from storage import migrate
from storage.db import sqlite_url
from storage.keys import new_key
from storage.models import Account, Item, Listing
from tests import shelf

AT_ONCE = 8


async def serve(settings: Settings, first: int, count: int) -> None:
    await migrate.upgrade(settings.database_url or sqlite_url(settings.data))
    app = await wiring.build(settings)
    await app.start()
    assert app.web is not None
    server = Server(app.http, app.web, host="127.0.0.1", port=settings.port)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    if count:
        person = await owner(app)
        if first == 1:
            await connect_all(app, "sandbox-shop")
        await list_many(app.house, person, range(first, first + count))
        await app.idle()
    print("ready", flush=True)
    with suppress(asyncio.CancelledError):
        await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving
    await app.stop()


async def list_many(house: House, person: Person, numbers: range) -> None:
    """Items with these numbers, live on eBay and Shopify."""
    photo = await shelf.photo(house, person)
    async with house.db.write() as session:
        await shelf.numbered(session, person, numbers[-1])
    async with house.db.read() as session:
        query = select(Account).where(Account.channel.in_(tuple(house.channels)))
        shops = list((await session.execute(query)).scalars())
    await list_one(house, person, shops, photo, numbers[0])  # with it the marketplaces have the photo
    await gather_some(AT_ONCE, [partial(list_one, house, person, shops, photo, number) for number in numbers[1:]])


async def _listed(house: House, account: Account, wanted: Wanted, known: Ref) -> Live:
    """Up, as fast as the account may call."""
    while True:
        try:
            return await house.channels[account.channel].ensure_listed(accounts.connection(house, account), wanted, known)
        except Busy as busy:
            await asyncio.sleep(busy.retry_after)


async def list_one(house: House, person: Person, shops: list[Account], photo: str, number: int) -> None:
    item, listings = await _rows(house, person, shops, photo, number)
    for listing, account in zip(listings, shops, strict=True):
        async with house.db.read() as session:
            wanted = await wanted_of(session, house, item, listing, account)
        live = await _listed(house, account, wanted, ref_of(listing))
        async with house.db.write() as session:
            row = await session.get_one(Listing, listing.id)
            row.state, row.wanted, row.listed_at, row.verified_at = ListingState.ACTIVE, "live", house.db.now(), house.db.now()
            row.external, row.url = dict(live.external), live.url
            row.listing_ref = str(live.external.get("listing") or live.external.get("product"))
            row.price, row.quantity = wanted.price.amount, wanted.quantity


async def _rows(house: House, person: Person, shops: list[Account], photo: str, number: int) -> tuple[Item, list[Listing]]:
    async with house.db.write() as session:
        item = await shelf.shelve(session, house, person, shops, photo, number, price=4500, cost=1200)
        item.state = ItemState.LIVE
        listings = [
            Listing(
                id=new_key(), workspace_id=person.workspace_id, item_id=item.id, account_id=one.id, channel=one.channel, sku=item.sku,
                state=ListingState.DRAFT, external={}, fields={},
            )
            for one in shops
        ]  # fmt: skip
        session.add_all(listings)
    return item, listings


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    logs.set_up("warning")
    asyncio.run(serve(Settings(_env_file=None), first, count))


if __name__ == "__main__":
    main()
