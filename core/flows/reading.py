"""Reading a draft's photos, and asking the marketplaces for categories and what those need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HaggleError
from core.flows import accounts, ledger, notices
from core.flows.house import House
from core.flows.intake import AMOUNTS
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.flows.wanted import photos_of
from core.ports import PhotoIn
from core.rules import drafts as rules
from core.rules.retry import INTAKE, wait_before_retry
from core.rules.stock import Level
from core.values.channel import Aspect
from core.values.draft import Draft as Sheet
from core.values.states import AccountState, DraftState, StockKind
from core.words import Told
from storage import audit, work
from storage.db import Database, wake
from storage.models import Account, Draft, Item
from storage.work import Claim

log = structlog.get_logger()


class DraftFlow:
    """Carries `draft` rows: reads the photos, fills the draft, and asks the marketplaces for categories and what those need."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        db = self._house.db
        async with db.write() as session:
            row = await session.get_one(Draft, claim.id)
            await touch(session, db, ("item", row.item_id))
        if Sheet.of_json(row.fields).reader:
            await self._refresh(claim, row)
            return
        photos, sheet = await self._read(row)
        found = await self._ask_channels(row, sheet.get("title"))
        async with db.write() as session:
            item = await session.get_one(Item, row.item_id, with_for_update={"key_share": True})
            fresh = await session.get_one(Draft, row.id, with_for_update={"key_share": True})
            there = await photos_of(session, row.item_id)
            if fresh.state == DraftState.PROCESSING and not set(there) <= set(photos):  # one came meanwhile: it may say more
                await work.finish(session, claim, state=DraftState.PENDING, due_at=db.now(), attempts=0)
                wake(session, "draft", claim.id)
                return
            sheet = rules.follow_photos(sheet, photos, there)
            # The seller may have typed meanwhile, or thrown it away: what they said stays said.
            said = Sheet.of_json(fresh.fields)
            choices = {**found, **fresh.choices}
            state = DraftState.REVIEW if fresh.state == DraftState.PROCESSING else DraftState(fresh.state)
            if state is DraftState.REVIEW and item.title not in ("", sheet.get("title")):
                choices["was"], state = state, DraftState.PENDING  # the marketplaces are asked about the title that was typed
                wake(session, "draft", claim.id)
            values = {"state": state, "fields": rules.keep_said(sheet, said).to_json(), "choices": choices, "last_error": ""}
            await work.finish(session, claim, **values, due_at=db.now(), attempts=0)
            fill_item(item, sheet, row.hints)
            await _count(session, db, item, row.hints)
            audit.record(
                session, workspace=item.workspace_id, at=db.now(), actor="system", action="draft.read", subject=("item", item.id),
                data={"reader": sheet.reader, "fields": sorted(sheet.fields)},
            )  # fmt: skip
            await notices.solved(session, db, item.workspace_id, f"draft_failed:{item.id}")
            if state is DraftState.REVIEW:
                await notices.tell(
                    session, db, workspace=item.workspace_id, type="draft_ready", key=f"draft_ready:{row.id}", subject=("item", item.id),
                    title=Told("The draft of item {number} is ready: {title}", number=item.number, title=item.title),
                )  # fmt: skip
            await touch(session, db, ("item", item.id))

    async def _read(self, row: Draft) -> tuple[list[str], Sheet]:
        """The photos that were read, and what they say."""
        house = self._house
        async with house.db.read() as session:
            photos = await photos_of(session, row.item_id)
        pictures = [PhotoIn(await house.photos.read(sha256, "original")) for sha256 in photos]
        hints = {name: str(value) for name, value in row.hints.items() if name not in (*AMOUNTS, "quantity")}
        return photos, rules.merge_hints(await house.reader.read(pictures, hints), hints)

    async def _refresh(self, claim: Claim, row: Draft) -> None:
        """The title or a category was changed: ask the marketplaces again, leave the rest alone."""
        db = self._house.db
        async with db.read() as session:
            item = await session.get_one(Item, row.item_id)
        found = await self._ask_channels(row, item.title)
        async with db.write() as session:
            fresh = await session.get_one(Draft, row.id)
            choices = {**fresh.choices, **found, "picked": fresh.choices.get("picked", {})}
            state = DraftState(str(fresh.choices.get("was", DraftState.REVIEW)))
            await work.finish(session, claim, state=state, choices=choices, last_error="")
            await touch(session, db, ("item", row.item_id))

    async def _ask_channels(self, row: Draft, title: str) -> dict[str, Any]:
        """Categories for the title and what they need. Without an answer the draft is there anyway, and its card says so."""
        if not title or not self._house.outward or await self._is_paused():
            return {}
        suggested: dict[str, Any] = {}
        categories: dict[str, Any] = {}
        for account in await self._native(row):
            try:
                listed = await suggestions(self._house, account, title)
                picked = row.choices.get("picked", {}).get(account.id)
                chosen = next((one for one in listed if one["id"] == picked), listed[0] if listed else None)
                if chosen is not None:
                    categories[account.id] = {**chosen, "aspects": await category_aspects(self._house, account, chosen["id"])}
                suggested[account.id] = listed
            except HaggleError as error:
                log.info("no category suggestions", channel=account.channel, error=str(error))
        return {"suggested": suggested, "categories": categories}

    async def _is_paused(self) -> bool:
        async with self._house.db.read() as session:
            workspace = await the_workspace(session)
        return workspace is not None and workspace.paused

    async def _native(self, row: Draft) -> list[Account]:
        query = select(Account).where(Account.workspace_id == row.workspace_id, Account.state == AccountState.ACTIVE)
        async with self._house.db.read() as session:
            there = (await session.execute(query)).scalars()
            return [one for one in there if one.channel in self._house.channels and self._house.capabilities[one.channel].categories]

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return wait_before_retry(error, claim.attempts, steps=INTAKE)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        async with self._house.db.write() as session:
            row = await session.get_one(Draft, claim.id)
            await touch(session, self._house.db, ("item", row.item_id))

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        async with self._house.db.write() as session:
            row = await session.get_one(Draft, claim.id)
            await work.finish(session, claim, state=DraftState.FAILED, last_error=error.sentence)
            item = await session.get_one(Item, row.item_id)
            await notices.tell(
                session, self._house.db, workspace=item.workspace_id, type="draft_failed", key=f"draft_failed:{item.id}",
                subject=("item", item.id), title=Told("The photos of item {number} could not be read.", number=item.number),
                body=error.sentence,
            )  # fmt: skip
            await touch(session, self._house.db, ("item", row.item_id))

    async def lost(self, claim: Claim) -> None:
        """Reading changes nothing outside."""


async def suggestions(house: House, account: Account, title: str) -> list[dict[str, Any]]:
    """Categories that a marketplace suggests for a title, best first."""
    choices = list(await house.channels[account.channel].categories(accounts.connection(house, account), title))[:3]
    return [{"id": one.id, "name": one.name, "path": one.path} for one in choices]


async def category_aspects(house: House, account: Account, category: str) -> list[dict[str, Any]]:
    """The required specifics of a category, as JSON for the draft's row."""
    told = await house.channels[account.channel].aspects(accounts.connection(house, account), category)
    return [{"name": one.name, "required": one.required, "values": list(one.values[:12])} for one in told if one.required]


def aspects_of_choice(choice: Mapping[str, Any]) -> list[Aspect]:
    """The other way round."""
    return [Aspect(one["name"], one["required"], tuple(one["values"])) for one in choice.get("aspects", [])]


def fill_item(item: Item, sheet: Sheet, hints: Mapping[str, Any]) -> None:
    """What the draft and the caption say about the item itself, where the seller has not said it to the item already."""
    item.title = item.title or sheet.get("title")
    for name in AMOUNTS:
        if hints.get(name) and getattr(item, name) is None:
            setattr(item, name, int(hints[name]))


async def _count(session: AsyncSession, db: Database, item: Item, hints: Mapping[str, Any]) -> None:
    """How many the caption says there are, unless something else was said or happened since."""
    more = int(hints.get("quantity", 1)) - 1
    if more and await ledger.level_of(session, item.id) == Level(1):
        said = Told("as many as the caption says")
        await ledger.post(session, db, item, StockKind.ADJUST, more, key="caption", source="intake", reason=said)
