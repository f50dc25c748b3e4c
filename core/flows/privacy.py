"""What marketplaces ask about buyers: erase one, say what is known of one, erase all of a shop. Their names are sealed while they wait."""

from __future__ import annotations

from base64 import b64decode, b64encode

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import buyers, notices
from core.flows.house import House
from core.values.channel import Hint
from core.words import Told
from storage import audit, contacts
from storage.models import Account, InboxEvent, Order

ERASE, ASK, SHOP = "account_deletion", "data_request", "shop_deletion"
TOPICS = (ERASE, ASK, SHOP)
_ORDER = "order:"


def sealed(house: House, hint: Hint) -> dict[str, str]:
    """What the delivery's row keeps until it is done."""
    return {"sealed": b64encode(house.keyring.seal({"resource": hint.resource}, hint.event_id)).decode()}


async def take(session: AsyncSession, house: House, event: InboxEvent) -> None:
    """Do what is asked, in the transaction that finishes the delivery."""
    body = event.body  # in the clear where it came before they were sealed
    opened = house.keyring.open(b64decode(body["sealed"]), event.event_id) if "sealed" in body else body
    told = [line for line in str(opened.get("resource", "")).split("\n") if line]
    names = [line for line in told if not line.startswith(_ORDER)]
    external = [line.removeprefix(_ORDER) for line in told if line.startswith(_ORDER)]
    actor = f"channel:{event.source}"
    if event.topic == ERASE:
        await buyers.forget(session, house, names, actor=actor, external=external)
    elif event.topic == SHOP:
        await _erase_shop(session, house, event, actor)
    else:
        await _asked(session, house, event, names, external)


async def _erase_shop(session: AsyncSession, house: House, event: InboxEvent, actor: str) -> None:
    """The shop's owner took the app away: its orders stay in the books, without anybody's name."""
    mine = select(Account.id).where(Account.channel == event.source, Account.external_id == event.account)
    orders = select(Order.id).where(Order.account_id.in_(mine), Order.forgotten_at.is_(None)).order_by(Order.id)
    await buyers.erase(session, house, list((await session.execute(orders)).scalars()), actor=actor)


async def _asked(session: AsyncSession, house: House, event: InboxEvent, names: list[str], external: list[str]) -> None:
    """Somebody wants to know what is kept of them: the seller is told which orders, since they answer it."""
    found = set((await session.execute(select(Order.id).where(Order.external_id.in_(external)))).scalars())
    for name in names:
        found.update(await contacts.orders_of(session, house.keyring, name))
    by_workspace: dict[str, list[Order]] = {}
    for order in (await session.execute(select(Order).where(Order.id.in_(found)).order_by(Order.number))).scalars():
        by_workspace.setdefault(order.workspace_id, []).append(order)
    for workspace, orders in by_workspace.items():
        numbers = ", ".join(str(order.number) for order in orders)
        for order in orders:
            audit.record(
                session, workspace=workspace, at=house.db.now(), actor=f"channel:{event.source}", action="buyer.asked",
                subject=("order", order.id), data={},
            )  # fmt: skip
        await notices.tell(
            session, house.db, workspace=workspace, type="review_needed", channel=event.source, key=f"data_request:{event.id}",
            title=Told("A buyer asks through {channel} what you know about them.", channel=house.capabilities[event.source].name),
            body=Told("Orders {numbers}. /buyer shows what is kept of each. Answer them within 30 days.", numbers=numbers),
        )  # fmt: skip
