"""Buyers: what is known of them is sealed, shown to who may with a trace of it, found by exact words, and erased when they ask for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import scrubbing
from core.flows.house import House
from core.flows.passing import SUBJECT
from core.flows.people import Person
from core.flows.posts import DIRTY, GONE
from core.rules.orders import DONE
from core.values.channel import ChannelOrder
from storage import audit, contacts
from storage.db import wake
from storage.models import ForgottenBuyer, Order, Post, Workspace
from storage.pages import delete_rows, pages

REMEMBERED = timedelta(days=365)  # that a marketplace had somebody erased, for orders of theirs that are heard of later
_SAME = ("handle", "email")  # what makes two orders the same buyer's


def people_of(house: House, order: Order) -> Mapping[str, Any]:
    """Who bought (the fields of `core.values.channel.Buyer`), and `recipient` where that is somebody else. Empty when nobody knows, or
    it was erased."""
    return house.keyring.open(order.buyer, order.id)


def looked(session: AsyncSession, house: House, person: Person, order: Order, on: str) -> tuple[str, str]:
    """Leave a trace of a look, and answer the subject of the card that shows it for a while."""
    now = house.db.now()
    audit.record(
        session, workspace=order.workspace_id, at=now, actor=person.actor, action="buyer.seen", subject=("order", order.id), data={"on": on}
    )
    return SUBJECT, f"{order.id}:{int(now.timestamp())}"


async def same_buyer(session: AsyncSession, house: House, order: Order) -> list[str]:
    """The orders of who bought this one, itself among them."""
    people = people_of(house, order)
    found = {order.id}
    for kind in _SAME:
        if name := str(people.get(kind) or ""):
            found.update(await contacts.orders_of(session, house.keyring, name))
    return sorted(found)


async def forget(session: AsyncSession, house: House, names: Collection[str], *, actor: str, external: Collection[str] = ()) -> int:
    """A marketplace has somebody erased: all orders in which one of these names occurs, those with these ids there, and those that are
    heard of later though they were made before. Answers how many orders were cleaned."""
    # An order that is being taken in counts its workspace's numbers up: it is either here, or finds below who is forgotten.
    await session.execute(select(Workspace.id).order_by(Workspace.id).with_for_update())
    found: set[str] = set()
    for name in names:
        found.update(await contacts.orders_of(session, house.keyring, name))
    if external:
        found.update((await session.execute(select(Order.id).where(Order.external_id.in_(external)))).scalars())
    now = house.db.now()
    for key in {house.keyring.search_key(name) for name in (*names, *map(_order_name, external))} - {""}:
        await session.merge(ForgottenBuyer(key=key, at=now))
    return await erase(session, house, sorted(found), actor=actor)


async def erase(session: AsyncSession, house: House, orders: Sequence[str], *, actor: str, asked: str = "erasure") -> int:
    """Erase what we know of these orders' people, wherever it may stand, and prove it on the trail. Answers how many orders were
    cleaned."""
    said: set[str] = set()
    workspaces: set[str] = set()
    for key in orders:
        order = await session.get_one(Order, key)
        said |= scrubbing.names_in(people_of(house, order))
        workspaces.add(order.workspace_id)
        order.buyer, order.forgotten_at = b"", house.db.now()
        await contacts.drop(session, key)
        await _hide_cards(session, house, key)
        audit.record(
            session, workspace=order.workspace_id, at=house.db.now(), actor=actor, action="buyer.forgotten", subject=("order", order.id),
            data={"asked": asked},
        )  # fmt: skip
    await scrubbing.scrub(session, house.db, said, workspaces)
    return len(orders)


async def _hide_cards(session: AsyncSession, house: House, order: str) -> None:
    """Cards that show this order's people at the moment are drawn anew: nothing is left to be shown."""
    about = (Post.subject_kind == SUBJECT, Post.subject_id.startswith(f"{order}:"), Post.state != GONE)
    values: dict[str, Any] = {"state": DIRTY, "version": Post.version + 1, "due_at": house.db.now()}
    statement = update(Post).where(*about).values(values).returning(Post.id).execution_options(synchronize_session=False)
    for post in (await session.execute(statement)).scalars().all():
        wake(session, "card_post", post, priority=2)


async def was_forgotten(session: AsyncSession, house: House, told: ChannelOrder, people: Mapping[str, Any]) -> bool:
    """Whether the marketplace had this order's buyer erased after it was made, and before we heard of it."""
    both = (people, people.get("recipient") or {})
    names = {str(one.get(kind) or "") for one in both for kind in contacts.KINDS} | {_order_name(told.external_id)}
    keys = [key for name in names for key in house.keyring.search_keys(name)]
    query = select(func.count()).select_from(ForgottenBuyer).where(ForgottenBuyer.key.in_(keys), ForgottenBuyer.at >= told.placed_at)
    return bool((await session.execute(query)).scalar_one())


def _order_name(external: str) -> str:
    """An order's id as a name that nobody has."""
    return f"order\n{external}"


async def forget_old(house: House) -> None:
    """A tick: erase who bought what was finished so long ago as the seller keeps such things; what marketplaces had erased is forgotten in
    the end too."""
    now = house.db.now()
    await _prune(house, now - REMEMBERED)
    if not house.keep_buyers:
        return
    over = Order.state.in_([state.value for state in DONE]) & (Order.changed_at < now - house.keep_buyers)
    old = over & (func.length(Order.buyer) > 0)
    async for page in pages(house.db, select(Order.id, old), Order.id):
        doomed = [key for key, is_old in page if is_old]
        if doomed:
            async with house.db.write() as session:
                await erase(session, house, doomed, actor="system", asked="retention")


async def _prune(house: House, before: datetime) -> None:
    old = ForgottenBuyer.at < before
    async for page in pages(house.db, select(ForgottenBuyer.key, old), ForgottenBuyer.key):
        await delete_rows(house.db, ForgottenBuyer.key, [key for key, is_old in page if is_old], old)
