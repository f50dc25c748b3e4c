"""Everything that a flow needs, built once by `bot/wiring.py` and handed to flows as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.ports import (
    CardArtist,
    Channel,
    ChartMaker,
    Connector,
    Interpreter,
    KitMaker,
    Listener,
    PaperMaker,
    PhotoShelf,
    Printer,
    Reader,
    Surface,
    WebhookGate,
)
from core.values.channel import Capabilities
from core.words import ENGLISH, Speech
from storage.db import Database
from storage.inbox import Inbox
from storage.pace import Pace
from storage.secrets import Keyring


@dataclass(slots=True)
class House:
    """`channels` are the native ones by kind; `capabilities` has every kind, assisted ones too.

    `outward` is False when HAGGLE_OUTWARD=off: no marketplace and no model is called, Changes wait and every card says so. Surfaces are how
    people talk with the house; they go on.
    `public_url` is where the internet reaches it, `address` where this machine does: links in chats lead to the one, else to the other.
    `speech_of` says how a language, by its code, says things. `interpreter` is None without a model.
    `paper` is "A4", "Letter" or "auto" (by the business's currency). `keep_buyers` is how long buyers are known
    after their order was finished (zero: until somebody says so). `backed_up` is when the last backup was made, where that is known.
    `artist`, `listener`, `papers` and `surfaces` come from the bot after it is built, since they need the house themselves.
    """

    db: Database
    inbox: Inbox
    keyring: Keyring
    pace: Pace
    photos: PhotoShelf
    reader: Reader
    kits: KitMaker
    charts: ChartMaker
    printer: Printer
    channels: Mapping[str, Channel]
    capabilities: Mapping[str, Capabilities]
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    gates: Mapping[str, WebhookGate] = field(default_factory=dict)
    surfaces: dict[str, Surface] = field(default_factory=dict)
    outward: bool = True
    public_url: str = ""
    address: str = ""
    poll_seconds: float = 90.0
    speech_of: Callable[[str], Speech] = lambda language: ENGLISH
    interpreter: Interpreter | None = None
    paper: str = "auto"
    keep_buyers: timedelta = timedelta()
    backed_up: Callable[[], datetime | None] = lambda: None
    _artist: CardArtist | None = None
    _listener: Listener | None = None
    _papers: PaperMaker | None = None

    @property
    def artist(self) -> CardArtist:
        assert self._artist is not None, "wiring sets the artist before anything runs"
        return self._artist

    @property
    def listener(self) -> Listener:
        assert self._listener is not None, "wiring sets the listener before anything runs"
        return self._listener

    @property
    def papers(self) -> PaperMaker:
        assert self._papers is not None, "wiring sets the maker of papers before anything runs"
        return self._papers

    def meet(self, artist: CardArtist, listener: Listener, papers: PaperMaker) -> None:
        """Introduce the parts that need the house themselves."""
        self._artist, self._listener, self._papers = artist, listener, papers
