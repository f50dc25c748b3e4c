"""Connecting the stand-in marketplaces for `--sandbox`: the ordinary consent, walked by a program instead of a browser.

The connector gives the link, the stand-in's own page is agreed to, and what it sends back goes to the same function as a seller's
callback. The product has no branch that knows about it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import select

from core.errors import Unreachable
from core.flows import accounts, people
from core.flows.people import Person
from core.values.states import AccountState
from integrations.http import trusted
from storage.models import Account

if TYPE_CHECKING:
    from bot.wiring import App


SHIP_FROM = {"country": "US", "postcode": "10001"}


async def connect_all(app: App, shop: str, kinds: Collection[str] | None = None) -> list[str]:
    """Connect what is not connected yet, as the owner; of the native ones only `kinds`. Answers a sentence for each."""
    house = app.house
    owner = await people.the_owner(house)
    async with house.db.read() as session:
        known = set((await session.execute(select(Account.channel).where(Account.state == AccountState.ACTIVE))).scalars())
    if owner is None:
        return []
    wanted = [kind for kind, able in sorted(house.capabilities.items()) if kinds is None or kind in kinds or not able.native]
    missing = [kind for kind in wanted if kind not in known]
    return [await _connect(app, owner, kind, shop if kind == "shopify" else "") for kind in missing]


async def _connect(app: App, person: Person, kind: str, hint: str) -> str:
    house = app.house
    async with house.db.write() as session:
        if not house.capabilities[kind].native:
            account = await accounts.add_assisted(house, session, person, kind)
            return f"{account.name} is prepared."
        url = await accounts.begin_connect(house, session, person, kind, hint)
    told: str = await accounts.finish_connect(house, kind, await agree(url))
    async with house.db.write() as session:
        account = (await session.execute(select(Account).where(Account.channel == kind))).scalar_one()
        if account.settings.get("problems"):  # the stand-in's seller has not said yet where they ship from
            await accounts.set_ship_from(house, session, person, account, SHIP_FROM)
            told = f"{account.name} is connected and ready to sell."
    return told


async def agree(url: str) -> dict[str, str]:
    """Agree on a stand-in's consent page; the query that the seller's browser would be sent back with."""
    async with httpx.AsyncClient(verify=trusted(), trust_env=False, timeout=10) as browser:
        asked = dict(parse_qsl(urlsplit(url).query))
        answer = await browser.post(url, data={**asked, "answer": "agree"})
    if answer.status_code not in (302, 303):
        raise Unreachable("The stand-in marketplace did not answer its own consent page.", cause=f"{answer.status_code}")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
