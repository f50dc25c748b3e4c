"""Channels: connecting, disconnecting, and the deliveries that could not be taken in."""

from __future__ import annotations

from sqlalchemy import func, select

from bot.chat.cards.parts import say
from bot.chat.context import Context
from bot.chat.registry import Rest, Word, action, command
from core.errors import Invalid, Refused
from core.flows import accounts, changes
from core.rules.access import Ability
from core.values.card import Button, Card, Line
from core.values.states import ChangeKind, InboxState
from core.words import N_, _, ngettext
from storage import audit
from storage.db import wake
from storage.keys import new_key
from storage.models import Account, InboxEvent, Item, RefusedDelivery

CHANNELS = N_("Channels")


@command("channels", N_("Where you sell, and how each connection fares"), "/channels", topic=CHANNELS)
async def channels(ctx: Context) -> None:
    await ctx.show("channels", ("channels", ctx.person.workspace_id))


@command(
    "connect",
    N_("Connect a marketplace"),
    "/connect ebay",
    needs=Ability.CONNECT,
    topic=CHANNELS,
    details=N_("For Shopify add the shop: /connect shopify mystore."),
)
async def connect(ctx: Context, kind: Word | None, hint: Rest) -> None:
    if kind is None:
        await channels(ctx)
        return
    able = ctx.house.capabilities.get(kind.lower())
    if able is None:
        known = ", ".join(sorted(ctx.house.capabilities))
        raise Invalid(_("I do not know a marketplace “{kind}”. I know: {known}.").format(kind=kind, known=known))
    ctx.check_on(able.kind)
    if not able.native:
        await accounts.add_assisted(ctx.house, ctx.session, ctx.person, able.kind)
        text = _("{name} has no way in for programs, so I prepare every listing for you to copy, remind you, and you tick it off.")
        await ctx.say(Card(text=text.format(name=able.name), mood="good"))
        await channels(ctx)
        return
    url = await accounts.begin_connect(ctx.house, ctx.session, ctx.person, able.kind, hint)
    text = _(
        "Open this page, agree, and come back. If your browser then shows an address that does not load, copy that whole address and "
        "send it to me here."
    )
    await ctx.say(
        Card(_("Connect {name}").format(name=able.name), text, buttons=((Button(_("Open {name}").format(name=able.name), url=url),),))
    )


@command(
    "disconnect",
    N_("Disconnect a marketplace"),
    "/disconnect ebay",
    needs=Ability.CONNECT,
    topic=CHANNELS,
    details=N_("Forgets the tokens, keeps the history."),
)
async def disconnect(ctx: Context, channel: Account) -> None:
    live = await accounts.live_listings(ctx.session, channel.id)
    action_of = {"do": "channel.disconnect", "account": channel.id}
    text = _("I forget its tokens and keep the history.")
    if not ctx.house.capabilities[channel.channel].native:
        text = _("I prepare nothing for it any more and keep the history.")
    buttons: tuple[tuple[Button, ...], ...]
    if not live:
        buttons = ((Button(_("Disconnect"), {**action_of, "down": False}, "danger"),),)
    else:
        up = ngettext("{count} listing is live there. What about it?", "{count} listings are live there. What about them?", len(live))
        text += " " + up.format(count=len(live))
        buttons = (
            (Button(_("Take them down first"), {**action_of, "down": True}, "primary"),),
            (Button(_("Leave them up"), {**action_of, "down": False}, "danger"),),
        )
    await ctx.say(Card(_("Disconnect {name}?").format(name=channel.name), text, buttons=buttons, mood="warn"))


@action("channel.disconnect", needs=Ability.CONNECT)
async def disconnect_now(ctx: Context, account: str, down: bool) -> None:
    row = await ctx.session.get_one(Account, account)
    live = await accounts.live_listings(ctx.session, account)
    if down and live:
        batch = new_key()
        for listing in live:
            item = await ctx.session.get_one(Item, listing.item_id)
            await changes.make(
                ctx.session, ctx.db, ChangeKind.DELIST, item, listing, person=ctx.person, batch=batch, reason="disconnecting"
            )
        await ctx.show("batch", ("batch", batch))
        again = say(_("Disconnect {name}").format(name=row.name), f"/disconnect {row.channel}")
        await ctx.say(Card(text=_("When they are down, disconnect it."), buttons=((again,),)))
        return
    await accounts.disconnect(ctx.house, ctx.session, ctx.person, row)
    text = _("{name} is disconnected. Its history is kept.").format(name=row.name)
    if live:
        up = ngettext(
            "{count} listing stays live there, and I do not watch it any more.",
            "{count} listings stay live there, and I do not watch them any more.",
            len(live),
        )
        text += " " + up.format(count=len(live))
    await ctx.say(Card(text=text, mood="warn" if live else "good"))


@action("channel.ship_from", needs=Ability.CONNECT, asks=True)
async def ship_from(ctx: Context, account: str) -> None:
    await ctx.ask(
        _("Where do you ship from? Type postcode and country, such as 10001 US."),
        {"do": "channel.ship_from_answer", "account": account},
    )


@action("channel.ship_from_answer", needs=Ability.CONNECT)
async def ship_from_answer(ctx: Context, account: str, answer: str) -> None:
    postcode, _space, country = answer.replace(",", " ").strip().rpartition(" ")
    if not postcode.strip() or len(country) != 2 or not country.isalpha():
        raise Invalid(_("Type the postcode and the country as two letters, such as 10001 US."))
    place = {"postcode": " ".join(postcode.split()), "country": country.upper()}
    row = await ctx.session.get_one(Account, account)
    await accounts.set_ship_from(ctx.house, ctx.session, ctx.person, row, place)
    await ctx.say(_("Thank you. I ask {name} whether it can sell now.").format(name=row.name))


@command("webhooks", N_("Deliveries that could not be taken in"), "/webhooks", needs=Ability.REPLAY, topic=CHANNELS)
async def webhooks(ctx: Context) -> None:
    sources = tuple(ctx.house.channels)
    query = select(InboxEvent).where(InboxEvent.source.in_(sources), InboxEvent.state.in_((InboxState.FAILED, InboxState.DEAD)))
    failed = list((await ctx.session.execute(query.order_by(InboxEvent.id.desc()).limit(8))).scalars())
    counted = select(InboxEvent.source, func.count()).where(InboxEvent.source.in_(sources)).group_by(InboxEvent.source)
    lines = [Line(source, _("{count} taken in").format(count=count)) for source, count in (await ctx.session.execute(counted)).all()]
    refused = select(RefusedDelivery.source, func.sum(RefusedDelivery.count)).group_by(RefusedDelivery.source)
    for source, count in (await ctx.session.execute(refused)).all():
        lines.append(Line(source, _("{count} refused: their signature was wrong").format(count=count), mood="warn"))
    lines += [Line(f"{one.source} {one.topic}", one.last_error, str(one.body.get("resource", "")), "bad") for one in failed]
    buttons = [
        Button(_("Replay {source} {what}").format(source=one.source, what=one.topic), {"do": "webhook.replay", "event": one.id})
        for one in failed
    ]
    text = "" if failed else _("Nothing failed.")
    await ctx.say(Card(_("Deliveries"), text, tuple(lines), (), tuple((one,) for one in buttons), "bad" if failed else "good"))


@action("webhook.replay", needs=Ability.REPLAY)
async def replay(ctx: Context, event: str) -> None:
    row = await ctx.session.get(InboxEvent, event)
    if row is None or row.state not in (InboxState.FAILED, InboxState.DEAD):
        raise Refused(_("This delivery was taken in meanwhile."))
    ctx.check_on(row.source)
    row.state, row.due_at, row.attempts, row.last_error = InboxState.RECEIVED, ctx.now(), 0, ""
    wake(ctx.session, "inbox_event", row.id, priority=1)
    audit.record(
        ctx.session, workspace=ctx.person.workspace_id, at=ctx.now(), actor=ctx.person.actor, action="webhook.replayed",
        subject=("webhook", row.id),
    )  # fmt: skip
    await ctx.say(_("I take it in again."))
