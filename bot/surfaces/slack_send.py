"""Cards out to Slack: posted, edited in place, or published on a Home tab. A message's reference is its timestamp in its channel."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import structlog

from bot.surfaces.filing import Filing
from bot.surfaces.slack_blocks import Block, Page, page_of
from bot.surfaces.slack_client import Client
from bot.surfaces.slack_errors import NO_THREAD, code_of, is_about_images
from bot.surfaces.slack_manifest import as_typed
from bot.surfaces.slack_updates import split_home, split_only
from bot.surfaces.slack_views import home
from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused
from core.ports import PaperMaker, PhotoShelf
from core.values.card import Card, Line
from core.words import Told, _

log = structlog.get_logger(__name__)

ASIDE = "aside"  # the reference of what only one person read: Slack forgets it
PUBLISHED = "home"  # the reference of a Home tab, which a person has one of
GETS_READY = 2.0  # seconds that Slack needs to make an uploaded picture ready
LOOKS = 4  # at a picture that is not ready, before the card goes without
_REMEMBERED = 5000


class Sender:
    """Posts and edits. Raises `core.errors`."""

    def __init__(self, client: Client, photos: PhotoShelf, papers: PaperMaker, public_url: str) -> None:
        self._client = client
        self._photos = photos
        self._public_url = public_url
        self._filing = Filing(papers)
        self._files: OrderedDict[str, str] = OrderedDict()  # sha256 -> Slack's id; what is forgotten is sent again
        self._unready: dict[str, int] = {}  # how often a picture was not ready

    def page(self, card: Card) -> Page:
        """As far as pictures need not be known."""
        return page_of(as_typed(card), public_url=self._public_url)

    async def post(self, chat: str, card: Card, reply_to: str, aloud: bool) -> str:
        person, direct = split_home(chat)
        if person:
            await self._publish(person, direct, card)
            return PUBLISHED
        person, channel = split_only(chat)
        card = await self._with_papers(chat, card, reply_to) if not person else _not_aside(card)
        page = await self._with_files(card)
        if person:
            await self._client.call("chat.postEphemeral", channel=channel, user=person, text=page.summary, blocks=list(page.blocks))
            return ASIDE
        try:
            sent = await self._send(chat, page, reply_to, aloud)
            self._filing.over(chat, card)
            return sent
        except HaggleError as error:
            if reply_to and code_of(error.__cause__ or error) in NO_THREAD:  # its first message was deleted: say it in the chat
                return await self._send(chat, page, "", aloud=False)
            raise self._about_images(error, card) from error

    async def edit(self, chat: str, message: str, card: Card) -> None:
        person, direct = split_home(chat)
        if person:
            await self._publish(person, direct, card)
            return
        if message == ASIDE:
            raise Missing(Told("What only one person reads in Slack cannot be changed."))
        page = await self._with_files(card)
        try:
            await self._client.call("chat.update", channel=chat, ts=message, text=page.summary, blocks=list(page.blocks))
        except HaggleError as error:
            raise self._about_images(error, card) from error

    async def _send(self, chat: str, page: Page, reply_to: str, aloud: bool) -> str:
        where = {"thread_ts": reply_to, **({"reply_broadcast": True} if aloud else {})} if reply_to else {}
        blocks: list[Block] = list(page.blocks)
        sent = await self._client.call(
            "chat.postMessage", channel=chat, text=page.summary, blocks=blocks, unfurl_links=False, unfurl_media=False, **where
        )
        return str(sent["ts"])

    async def _publish(self, person: str, direct: str, card: Card) -> None:
        try:
            await self._client.call("views.publish", user_id=person, view=home(await self._with_files(card), direct))
        except HaggleError as error:
            raise self._about_images(error, card) from error

    async def _with_files(self, card: Card) -> Page:
        """With its pictures where Slack can show them: uploading one is safe to do twice, so it comes before the message."""
        files: dict[str, str] = {}
        for photo in card.photos if not card.skip else ():
            if self._unready.get(photo.sha256, 0) < LOOKS and (file := await self._file(photo.sha256, photo.alt)):
                files[photo.sha256] = file
        return page_of(as_typed(card), files=files, public_url=self._public_url)

    async def _with_papers(self, chat: str, card: Card, reply_to: str) -> Card:
        """Its files are shared first: the message after them can be tried again without doubling them."""
        if not card.files or card.skip:
            return card
        papers, card = await self._filing.made(chat, card)
        for paper in papers:
            try:
                await self._client.share(paper.data, paper.name, chat, reply_to)
            except HaggleError as error:
                if not reply_to or code_of(error.__cause__ or error) not in NO_THREAD:
                    raise
                await self._client.share(paper.data, paper.name, chat, "")
        self._filing.sent(chat, card)
        return card

    async def _file(self, sha256: str, alt: str) -> str:
        """The picture's id at Slack; "" when it is not to be had or not to Slack's liking: the card says so."""
        if sha256 not in self._files:
            try:
                file = await self._client.upload(await self._photos.jpeg(sha256), "photo.jpg", alt)
            except (Missing, Invalid, Refused, AuthLost) as error:
                log.warning("a card's photo cannot be shown in slack", sha256=sha256, error=str(error), cause=error.cause)
                return ""
            self._files[sha256] = file
            if len(self._files) > _REMEMBERED:
                self._files.popitem(last=False)
        return self._files[sha256]

    def _about_images(self, error: HaggleError, card: Card) -> HaggleError:
        """Pictures get ready after they were uploaded: try again soon, and without them in the end."""
        if not card.photos or not is_about_images(error.__cause__ or error):
            return error
        if len(self._unready) > _REMEMBERED:
            self._unready.clear()
        for photo in card.photos:
            self._unready[photo.sha256] = self._unready.get(photo.sha256, 0) + 1
        return Busy(Told("Slack does not have the photos ready yet."), retry_after=GETS_READY, cause=error.cause)


def _not_aside(card: Card) -> Card:
    """A file that is shared in a channel is there for all who read it; what one person reads alone cannot have any."""
    if not card.files:
        return card
    return replace(card, lines=(*card.lines, Line(value=_("Ask me in a direct message: here others would get the file too."), mood="warn")))
