"""What flows call. Integrations, surfaces and dispatchers implement these; `bot/wiring.py` plugs them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from core.money import Money
from core.values.card import Card, CardFile, CardPhoto, Inbound
from core.values.channel import (
    Aspect,
    Capabilities,
    CategoryChoice,
    ChannelOrder,
    ChannelParcel,
    Connection,
    Found,
    Health,
    Hint,
    ListingPage,
    Live,
    OrderPage,
    Preview,
    Ref,
    Wanted,
)
from core.values.chart import Chart
from core.values.draft import Draft
from core.values.sheet import Sheet


class Clock(Protocol):
    """The one clock. `offset` is zero outside tests; the database's own time is shifted by it too."""

    offset: timedelta

    def now(self) -> datetime: ...


class OrderDesk(Protocol):
    """What a person does about an order, on its marketplace. Idempotent as a `Channel` is: look, act, and answer what was read back."""

    async def ship(self, account: Connection, external_id: str, parcel: ChannelParcel, lines: Mapping[str, int]) -> ChannelOrder:
        """Say that these units (line's external id to quantity; empty: all) are on their way. A parcel that is known there is not added
        again. `Refused` where the order is cancelled, or the carrier or tracking number is not taken."""

    async def refund(self, account: Connection, external_id: str, amount: Money, already: Money) -> ChannelOrder:
        """Give the buyer `amount` back. `already` is what they had back before: an order that shows more than that was refunded by an
        earlier try and is left alone. `Refused` above what was paid."""

    async def cancel_order(self, account: Connection, external_id: str, reason: str) -> ChannelOrder:
        """Cancel the whole order, money back included. `reason` is "sold_out" or "buyer_asked". `Refused` with what to do where the
        marketplace only does that by hand."""


class Channel(OrderDesk, Protocol):
    """A marketplace. Every call is idempotent: look first, then act, then read back. All raise `core.errors`.

    One object serves all accounts of its kind; an account comes in as a `Connection`.
    """

    capabilities: Capabilities

    async def ensure_listed(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        """Make it live exactly once, whatever happened before; the answer was read back. Of one that is live already the quantity is
        never raised, since what is missing there was sold. An answer that is not live says that it sold out meanwhile; `Unreachable`
        with the code `SOLD_UNHEARD` says so where only the orders can tell."""

    async def preview(self, account: Connection, wanted: Wanted) -> Preview:
        """What `ensure_listed` would send of a listing that is not there yet, and all that would be refused of it. Reads only."""

    async def ensure_absent(self, account: Connection, known: Ref) -> Live:
        """Make it unbuyable; the answer was read back and is not live. Never there is a success too."""

    async def revise(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        """Make a live listing equal `wanted`, but never raise its quantity. `Missing` when it is not live (it is never relisted)."""

    async def reprice(self, account: Connection, known: Ref, wanted: Wanted) -> Live:
        """Change the price only."""

    async def set_quantity(self, account: Connection, known: Ref, quantity: int, *, may_raise: bool) -> Live:
        """Set how many are for sale, at least 1 (0 is `ensure_absent`). Unless it `may_raise` (a person found more), less than that is
        left as it is: the marketplace has heard of a sale that we have not."""

    async def state(self, account: Connection, known: Ref) -> Live:
        """Read what is there now."""

    async def order(self, account: Connection, external_id: str) -> ChannelOrder:
        """Fetch one order."""

    async def orders_since(self, account: Connection, since: datetime) -> OrderPage:
        """Orders created or changed since then, all pages, oldest change first."""

    async def page(self, account: Connection, cursor: str, since: datetime | None) -> ListingPage:
        """Some of the account's listings, as many as one call gives: all that are for sale, or (where `since` is given) what changed
        since then, ended or not. `cursor` is "" or where the page before ended. Pages may be minutes behind: a difference is looked at
        by `state` before it is believed."""

    async def adopt(self, account: Connection, found: Found, sku: str) -> Live:
        """Take over a listing that was made on the marketplace's own site, so that the calls of this port work on it; `sku` is its own
        or, where it has none, ours. The answer was read back. Raises `Refused` with why it cannot be taken over."""

    async def picture(self, account: Connection, url: str) -> bytes:
        """A photo that a page named. Raises `Missing` when it is gone, `Refused` for an address that is not this marketplace's."""

    async def check(self, account: Connection) -> Health:
        """Is the connection able to sell? Reads only, and sets up what may be set up without asking (webhook subscription)."""

    def forget(self, account: Connection) -> None:
        """Drop what is remembered in memory of an account that is disconnected."""

    async def categories(self, account: Connection, title: str) -> Sequence[CategoryChoice]:
        """Suggestions for a title, best first; empty where the channel has no categories."""

    async def aspects(self, account: Connection, category: str) -> Sequence[Aspect]:
        """Item specifics of a category, required ones first."""


class Connector(Protocol):
    """How an account of a kind is connected: consent by a link, answered by a callback or by the pasted address."""

    kind: str

    def consent_url(self, state: str, hint: str) -> str:
        """Where the seller goes to agree. `hint` is what they typed after the command (a shop's name).

        Raises `Invalid`, or `Missing` when the settings lack the app's keys.
        """

    async def finish(self, query: Mapping[str, str], hint: str) -> Mapping[str, Any]:
        """Turn the callback's query into credentials."""


class WebhookGate(Protocol):
    """Proves a delivery and says what it means. Raises `Refused` on a bad signature."""

    source: str

    async def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]: ...


@dataclass(frozen=True, slots=True)
class PhotoIn:
    """A photo for a reader: JPEG or WebP bytes, at most 2048 px a side, upright. Order is the listing's."""

    data: bytes
    mime: str = "image/webp"


class Helper(Protocol):
    """Heavy computing in another process: what decodes photos and reads text on them never blocks a sale.

    `job` is a name that the helper's module knows, `values` and the answer are JSON, `blobs` are bytes. Raises what the
    job raised (`core.errors`), `Busy` when too much waits, `Unreachable` when it took too long (with the code
    `core.errors.TOO_SLOW`) or nothing can work on it, `Invalid` when the job breaks the process every time.
    """

    async def run(self, job: str, values: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> tuple[dict[str, Any], list[bytes]]: ...


class Reader(Protocol):
    """Photos to draft. `hints` are what the seller said, as field name to value."""

    name: str

    async def read(self, photos: Sequence[PhotoIn], hints: Mapping[str, str]) -> Draft: ...


@dataclass(frozen=True, slots=True)
class Tool:
    """A command that a model may propose. `schema` is the JSON schema of its arguments, in the order in which they are typed."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model is told: a member's own words, and as data what they may mean. `things` are items by number and title; those that
    the newest cards in the chat are about come first."""

    words: str
    things: tuple[tuple[int, str], ...] = ()
    channels: tuple[str, ...] = ()
    currency: str = "USD"
    today: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Proposed:
    """Command lines as people type them, `/price 42 45`: `lines` to be done, `choices` of which one is meant. Both empty: none."""

    lines: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class Interpreter(Protocol):
    """Understands free text by proposing commands, and can do nothing else. Raises `core.errors`, whose sentence is a clause:
    “it took longer than 10 s”."""

    name: str

    async def interpret(self, spoken: Spoken, tools: Sequence[Tool]) -> Proposed: ...

    async def close(self) -> None: ...


class Surface(Protocol):
    """Where people talk. `post` gives back the reference that `edit` needs. Both raise `Busy` with the platform's own wait.

    `trouble` is empty, or one sentence why nobody can be talked with there at the moment.
    `threads` says that it tells stories: what is said about an item answers the first card about it (`reply_to`), and stands in the
    chat itself as well when it is `aloud`.
    """

    name: str
    threads: bool
    trouble: str

    async def post(self, chat: str, card: Card, reply_to: str = "", *, aloud: bool = False) -> str: ...

    def goes_on(self, card: Card) -> tuple[int, int]:
        """Where a card that is too long for one message goes on: (pieces shown by then, pieces left). (0, 0) when all of it fits, or
        when the surface says by itself what is missing."""

    async def edit(self, chat: str, message: str, card: Card) -> None:
        """Replace a posted copy. `Missing` when it is gone there."""

    def settled(self, chat: str) -> None:
        """What was posted, edited or said in this chat is committed now: a surface that reads it from the database may show it."""

    async def fetch(self, file: str) -> bytes:
        """The bytes of a photo that came as the surface's own file id."""


class CardArtist(Protocol):
    """Draws a card of a subject as it is now; None when there is nothing left to show. Lives in `bot/chat/cards`."""

    async def draw(self, view: str, subject: tuple[str, str], place: tuple[str, str]) -> Card | None:
        """`place` is the surface and chat where it is read: whoever reads there has it in their language and time zone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for a window of its own, in the words of who reads it. `now` is what holds until it is answered."""

    title: str
    text: str
    now: str
    send: str
    cancel: str


class Listener(Protocol):
    """Takes what people say. Lives in `bot/chat/router.py`."""

    async def question(self, inbound: Inbound) -> Asked | None:
        """What a pressed button would ask this person for; None when it asks nothing, or may not be pressed. Changes nothing."""

    async def hear(self, inbound: Inbound, settle: Callable[[Any], Awaitable[None]]) -> None:
        """`settle(session)` finishes the inbox row; call it once, in the transaction of what the words caused."""


Size = Literal["original", "large", "small"]


@dataclass(frozen=True, slots=True)
class KitField:
    """One field to copy. `note` says what a person should know about it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything to list an item by hand. `warnings` say what was shortened; `url` is where a new listing begins."""

    fields: tuple[KitField, ...]
    instructions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    url: str = ""


class KitMaker(Protocol):
    """Copy-paste kits for marketplaces without an API (`integrations/assisted`)."""

    def listing(self, kind: str, wanted: Wanted) -> Kit: ...

    def taking_down(self, kind: str) -> tuple[str, ...]:
        """The steps, one sentence each."""


class StoredPhoto(Protocol):
    """A photo that is kept: named by its sha256."""

    @property
    def sha256(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def taken_at(self) -> datetime | None:
        """By the camera's clock; None when the file did not say."""

    @property
    def look(self) -> str:
        """What it looks like, to be compared with others (`core/rules/rolls.py`); "" is unknown."""


class PhotoShelf(Protocol):
    """Where photos are kept (`storage/photos.py`)."""

    async def put(self, data: bytes, name: str = "") -> StoredPhoto:
        """Check, clean and keep it. Raises `Invalid` with a sentence for the person who sent it."""

    async def put_stream(self, chunks: AsyncIterator[bytes], name: str = "") -> StoredPhoto:
        """The same, for a photo that is still on its way: memory holds no more than one photo."""

    async def find(self, sha256: str) -> StoredPhoto:
        """What is kept under this name. Raises `Missing`."""

    async def read(self, sha256: str, size: Size) -> bytes: ...

    async def jpeg(self, sha256: str) -> bytes: ...

    async def sweep(self, keep: Collection[str], before: datetime, leftovers: datetime) -> int:
        """Delete what is not in `keep` and was not touched since `before`, and what interrupted writes left before `leftovers`.
        Answers how many photos went."""

    async def damaged(self, keys: Sequence[str]) -> list[str]:
        """Which of these photos are lost or changed. Reads them all: ask for some at a time."""


class ChartMaker(Protocol):
    """Draws charts and keeps them with the photos (`integrations/charts`)."""

    async def draw(self, chart: Chart) -> CardPhoto:
        """The chart as a photo of a card, for light pages and for dark ones. Raises `core.errors` when it cannot be drawn now."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A file that was made: what it is saved as, its media type, its bytes."""

    name: str
    mime: str
    data: bytes


class PaperMaker(Protocol):
    """Makes the files of cards (`core/flows/papers.py`)."""

    async def make(self, file: CardFile) -> Paper:
        """The file as it is now, for the member `file.by`, in whose trail it is. Raises `Missing` when what it is about is gone, `Refused`
        when this member may not have it, `Busy` and `Unreachable` when it cannot be drawn now."""


class Printer(Protocol):
    """Draws sheets as PDF (`integrations/papers`)."""

    async def pdf(self, sheet: Sheet, pictures: Mapping[str, bytes]) -> bytes:
        """`pictures` are JPEG by the names that the sheet has for them. Raises `Busy`, `Unreachable`."""


class Dispatcher(Protocol):
    """Wake-ups. Hints only: the row is the truth, and a lost or doubled hint does no harm."""

    async def tell(self, table: str, ids: Sequence[str], *, priority: int = 5, delay: float = 0.0) -> None: ...
