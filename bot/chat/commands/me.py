"""One's own settings: language and time zone, and what they are now."""

from __future__ import annotations

import difflib
from functools import lru_cache
from zoneinfo import available_timezones

from bot.chat.cards.parts import say
from bot.chat.cards.people import channels_of, place_of, role_of
from bot.chat.commands.members import PEOPLE
from bot.chat.context import Context, Offer
from bot.chat.registry import Rest, Word, command
from bot.chat.ways_in import identities_of
from bot.speech import LANGUAGES, speech_of
from core.flows import readers, sessions
from core.flows.posts import touch
from core.rules.access import Ability
from core.values.card import Button, Card, Line
from core.words import N_, _, clock_time, speaking
from storage import audit
from storage.models import Member


@command("me", N_("Your own settings, and where you are signed in"), "/me", topic=PEOPLE)
async def me(ctx: Context) -> None:
    person, easel = ctx.person, ctx.easel()
    identities = await identities_of(ctx)
    browsers = len(await sessions.sessions_of(ctx.session, ctx.house, person.member_id))
    lines = (
        Line(_("Role"), role_of(person.role)),
        Line(_("Looks after"), channels_of(easel, person.channels)),
        Line(_("Language"), LANGUAGES.get(person.language, person.language)),
        Line(_("Time zone"), person.timezone, clock_time(ctx.now(), person.timezone)),
        Line(_("Talks in"), ", ".join(dict.fromkeys(place_of(one.surface) for one in identities))),
        Line(_("Signed in"), str(browsers), _("browsers and terminals: /sessions")),
    )
    rename = Button(_("Name…"), {"do": "member.rename", "member": person.member_id})
    rows = (
        (rename, say(_("Language…"), "/language"), say(_("Time zone…"), "/timezone")),
        (say(_("Talk elsewhere too…"), "/link"), say(_("Sign in to the browser"), "/web"), say(_("Sessions"), "/sessions")),
    )
    await ctx.say(Card(person.name, "", lines, buttons=rows))


@command("language", N_("The language that I speak with you"), "/language español", needs=Ability.SELF, looks_alone=True, topic=PEOPLE)
async def language(ctx: Context, name: Word | None) -> None:
    said = (name or "").lower()
    code = next((code for code, own in LANGUAGES.items() if said in (code, own.lower())), "")
    if not code:
        buttons = tuple(say(own, f"/language {code}") for code, own in LANGUAGES.items())
        text = _("Which language?") if not said else _("I do not speak “{name}” yet.").format(name=said[:40])
        await ctx.say(Card(text=text, buttons=(buttons,)))
        return
    await _set(ctx, "language", code)
    with speaking(speech_of(code)):
        await ctx.say(Card(text=_("From now on I speak {language} with you.").format(language=LANGUAGES[code]), mood="good"))


@command(
    "timezone", N_("The time zone in which you read times"), "/timezone Europe/Madrid", needs=Ability.SELF, looks_alone=True, topic=PEOPLE
)
async def timezone(ctx: Context, name: Rest) -> None:
    said = "_".join(name.split())
    if not said:
        text = _("You read times in {zone}, where it is {time}. Type another like this: {example}").format(
            zone=ctx.person.timezone, time=clock_time(ctx.now(), ctx.person.timezone), example="/timezone Europe/Madrid"
        )
        await ctx.say(text)
        return
    zone = _zones().get(said.lower())
    if zone is None:
        text = _("I know no time zone “{name}”. Type a continent and a city, such as Europe/Madrid.").format(name=name[:40])
        near = near_zones(said)
        raise Offer(Card(text=text, buttons=(tuple(say(one, f"/timezone {one}") for one in near),) if near else (), mood="warn"))
    await _set(ctx, "timezone", zone)
    text = _("You read times in {zone} from now on: it is {time} there.").format(zone=zone, time=clock_time(ctx.now(), zone))
    await ctx.say(Card(text=text, mood="good"))


@lru_cache
def _zones() -> dict[str, str]:
    return {one.lower(): one for one in available_timezones() if "/" in one or one == "UTC"}


def near_zones(said: str) -> list[str]:
    """Zones that somebody may mean: by their city, or by how they are written."""
    said = said.lower()
    cities: dict[str, list[str]] = {}
    for low, zone in sorted(_zones().items()):
        if not low.startswith(("etc/", "posix/", "right/")):
            cities.setdefault(low.rpartition("/")[2], []).append(zone)
    found = list(cities.get(said.rpartition("/")[2], []))
    for city in difflib.get_close_matches(said.rpartition("/")[2], cities, n=3, cutoff=0.7):
        found += cities[city]
    return list(dict.fromkeys(found))[:4]


async def _set(ctx: Context, field: str, value: str) -> None:
    member = await ctx.session.get_one(Member, ctx.person.member_id)
    before = getattr(member, field)
    setattr(member, field, value)
    audit.record(
        ctx.session, workspace=ctx.person.workspace_id, at=ctx.now(), actor=ctx.person.actor, action=f"member.{field}",
        subject=("member", member.id), data={"before": before, "after": value},
    )  # fmt: skip
    await touch(ctx.session, ctx.db, ("member", member.id))
    await readers.draw_again(ctx.session, ctx.db, member.id)
    ctx.bells.append(("web", member.id))  # open pages take the new words
