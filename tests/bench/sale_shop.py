"""The whole of Haggle as a process of its own, for the sale bench: `python -m tests.bench.sale_shop FOLDER STAND-IN PORT [ITEMS]`.

With ITEMS it first connects both marketplaces and lists so many items on them through their own APIs, from a photo that all share;
what it knows of them is written as a publish leaves it. It says "ready" once it serves, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from sqlalchemy import select

from bot import logs, wiring
from bot.demo import connect_all
from bot.http.server import Server
from core.flows import accounts, people
from core.flows.house import House
from core.flows.people import Person
from core.flows.wanted import ref_of, wanted_of
from core.values.states import ItemState, ListingState, Role
from integrations.http import gather_some
from storage import migrate
from storage.db import sqlite_url
from storage.keys import new_key
from storage.models import Account, Item, Listing
from tests import shelf
from tests.sandbox_process import SandboxProcess
from tests.shop import settings_for

AT_ONCE = 8


async def serve(folder: Path, sandbox: SandboxProcess, port: int, items: int) -> None:
    url = f"http://127.0.0.1:{port}"
    settings = settings_for(folder, sandbox, port=port, public_url=url, ebay_alert_email="seller@haggle.example")
    await migrate.upgrade(sqlite_url(folder))
    app = await wiring.build(settings)
    await app.start()
    assert app.web is not None
    server = Server(app.http, app.web, host="127.0.0.1", port=port)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    if items:
        person = await people.enter(app.house, await app.join_code(Role.OWNER), "web", "", name="Sam")
        await connect_all(app, "sandbox-shop")
        await list_many(app.house, person, items)
        await app.idle()
    print("ready", flush=True)
    with suppress(asyncio.CancelledError):
        await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving
    await app.stop()


async def list_many(house: House, person: Person, count: int) -> None:
    """Items with the numbers 1 to `count`, live on eBay and Shopify."""
    photo = await shelf.photo(house, person)
    async with house.db.write() as session:
        await shelf.numbered(session, person, count)
    async with house.db.read() as session:
        query = select(Account).where(Account.channel.in_(tuple(house.channels)))
        shops = list((await session.execute(query)).scalars())
    await list_one(house, person, shops, photo, 1)  # with it the marketplaces have the photo
    await gather_some(AT_ONCE, [partial(list_one, house, person, shops, photo, number) for number in range(2, count + 1)])


async def list_one(house: House, person: Person, shops: list[Account], photo: str, number: int) -> None:
    item, listings = await _rows(house, person, shops, photo, number)
    for listing, account in zip(listings, shops, strict=True):
        async with house.db.read() as session:
            wanted = await wanted_of(session, house, item, listing, account)
        live = await house.channels[account.channel].ensure_listed(accounts.connection(house, account), wanted, ref_of(listing))
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
    folder, url, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    logs.set_up("warning")
    sandbox = SandboxProcess(folder.parent / "sandbox", {})  # started by the bench: here it is only an address and its keys
    sandbox.url = url
    sandbox.credentials = json.loads((sandbox.folder / "sandbox.json").read_text())
    asyncio.run(serve(folder, sandbox, port, int(sys.argv[4]) if len(sys.argv) > 4 else 0))


if __name__ == "__main__":
    main()
