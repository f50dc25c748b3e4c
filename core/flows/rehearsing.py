"""A dry run of a publish: what would be sent to each marketplace, and what each would refuse. Nothing is written, here or there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HaggleError
from core.flows import accounts, ledger
from core.flows.house import House
from core.flows.wanted import floor_of, wanted_of
from core.rules.guards import may_go_live, price_problem
from core.values.channel import Preview, Wanted
from core.values.states import AccountState, ItemState, ListingState
from core.words import Told
from storage.keys import new_key
from storage.models import Account, Item, Listing


@dataclass(frozen=True, slots=True)
class Planned:
    """What would go to one account. `wanted` is None where something is missing that no listing can do without; `problems` say what we
    ourselves would refuse. `up`: it is live there, so that nothing would be done."""

    account: Account
    wanted: Wanted | None
    problems: tuple[str, ...]
    up: bool = False


async def plan(session: AsyncSession, house: House, item: Item, account: Account, listing: Listing | None) -> Planned:
    """Put together what a publish would send, and ask the guards that it would meet. Reads only: no listing is made for it."""
    problems: list[str] = []
    level = await ledger.level_of(session, item.id)
    if problem := may_go_live(ItemState(item.state), level.available if level else None):
        problems.append(problem)
    if account.state != AccountState.ACTIVE:
        problems.append(Told("{name} is not connected. Type /connect {kind}.", name=account.name, kind=account.channel))
    problems += account.settings.get("problems") or []
    draft = listing or Listing(id=new_key(), item_id=item.id, account_id=account.id, channel=account.channel, sku=item.sku, external={})
    up = listing is not None and listing.state == ListingState.ACTIVE
    try:
        wanted = await wanted_of(session, house, item, draft, account)
    except HaggleError as error:
        return Planned(account, None, tuple(dict.fromkeys((*problems, error.sentence))), up)
    if problem := price_problem(wanted.price, floor_of(item), automatic=False):
        problems.append(problem)
    return Planned(account, wanted, tuple(problems), up)


async def rehearse(house: House, planned: Planned) -> Preview:
    """Ask the marketplace's side, outside of any transaction. What cannot be asked now is a problem that says so."""
    if planned.wanted is None:
        return Preview((), {}, planned.problems)
    able = house.capabilities[planned.account.channel]
    if not able.native:
        kit = house.kits.listing(able.kind, planned.wanted)
        fields = tuple((one.label, one.value) for one in kit.fields)
        photos = (Told("Photos"), str(len(planned.wanted.photos)))
        return Preview((*fields, photos), {}, (*planned.problems, *kit.warnings))
    try:
        found = await house.channels[able.kind].preview(accounts.connection(house, planned.account), planned.wanted)
    except HaggleError as error:
        return Preview((), {}, (*planned.problems, error.sentence))
    return Preview(found.fields, found.payload, tuple(dict.fromkeys((*planned.problems, *found.problems))))
