"""Cards: surface-neutral messages. A surface renders one within its own limits and never invents anything.

A card is in one language: what is a `Told` is said when the card is made, in the language that is spoken then.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import quote

from core.words import Told, speech

# Control characters but tab and line feed, and halves of characters: PostgreSQL keeps no NUL, no database a half, and no card shows either.
_UNWRITTEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_text(text: str) -> str:
    """What a person wrote, without what nobody writes. Line breaks are line feeds."""
    return _UNWRITTEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _say(made: Any, *names: str) -> None:
    for name in names:
        if isinstance(value := getattr(made, name), Told):
            object.__setattr__(made, name, value.here())


@dataclass(frozen=True, slots=True)
class Button:
    """A button. `action` is what it does, in our words, stored in a row: the surface only ever sees `id`, which is short (at most
    32 ASCII characters) and given when the card is posted. `style`: "primary", "danger" or "". `url` buttons open a link
    (an absolute address, or a path of our own web page). `copy` buttons put their text on the clipboard."""

    label: str
    action: dict[str, Any] = field(default_factory=dict)
    style: str = ""
    url: str = ""
    copy: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        _say(self, "label", "copy")

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"label": self.label}
        for name in ("action", "style", "url", "copy", "id"):
            if getattr(self, name):
                data[name] = getattr(self, name)
        return data

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Button:
        return cls(
            data["label"], data.get("action", {}), data.get("style", ""), data.get("url", ""), data.get("copy", ""), data.get("id", "")
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card: a label, a value, and beside it why ("read on photo 1"). `mood`: "", "good", "bad", "warn", "busy", or
    "head" for the heading of the lines below it.

    `weak` marks a value that a person should look at. Any of the texts may be empty.
    """

    label: str = ""
    value: str = ""
    note: str = ""
    mood: str = ""
    weak: bool = False

    def __post_init__(self) -> None:
        _say(self, "label", "value", "note")

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name in ("label", "value", "note", "mood", "weak"):
            if getattr(self, name):
                data[name] = getattr(self, name)
        return data

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Line:
        return cls(data.get("label", ""), data.get("value", ""), data.get("note", ""), data.get("mood", ""), data.get("weak", False))


@dataclass(frozen=True, slots=True)
class CardPhoto:
    """A stored photo by its sha256. `mark` is a word or two that is shown on it where a surface can: its number, say. A chart has a second
    picture, `dark`, for pages that are dark, and is shown as wide as its card."""

    sha256: str
    alt: str = ""
    mark: str = ""
    dark: str = ""

    def to_json(self) -> dict[str, Any]:
        more = {name: value for name, value in (("mark", self.mark), ("dark", self.dark)) if value}
        return {"sha256": self.sha256, "alt": self.alt, **more}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> CardPhoto:
        return cls(data["sha256"], data.get("alt", ""), data.get("mark", ""), data.get("dark", ""))


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file that a card brings, as how it is made and never as its bytes: `kind` of paper about `about` (an order's id, a month), for the
    member `by`. It is made by `core.ports.PaperMaker` when it is sent or opened, so that nothing with an address on it is kept.
    `name` is what it is saved as, of ASCII letters, digits, dots and dashes."""

    name: str
    kind: str
    about: str = ""
    by: str = ""

    @property
    def path(self) -> str:
        """Where our own page has it, for whoever is signed in there."""
        return f"/files/{self.kind}/{self.name}" + (f"?about={quote(self.about)}" if self.about else "")

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value} | {"path": self.path}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> CardFile:
        return cls(data["name"], data["kind"], data.get("about", ""), data.get("by", ""))


@dataclass(frozen=True, slots=True)
class Card:
    """A message. `subject` is what it is about, as (kind, id): when that moves, every posted copy is edited in place. `asks` says that
    the next plain words answer it. `skip` is how many of its pieces were shown in the message before, where one message was too
    small. `language` is the one that it is in: what a surface adds is said in it too."""

    title: str = ""
    text: str = ""
    lines: tuple[Line, ...] = ()
    photos: tuple[CardPhoto, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    mood: str = ""
    subject: tuple[str, str] | None = None
    asks: bool = False
    skip: int = 0
    language: str = field(default_factory=lambda: speech().language)
    files: tuple[CardFile, ...] = ()

    def __post_init__(self) -> None:
        _say(self, "title", "text")

    def with_buttons(self, *rows: tuple[Button, ...]) -> Card:
        return replace(self, buttons=tuple(rows))

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "text": self.text,
            "mood": self.mood,
            "lines": [line.to_json() for line in self.lines],
            "photos": [photo.to_json() for photo in self.photos],
            "buttons": [[button.to_json() for button in row] for row in self.buttons],
            "subject": list(self.subject) if self.subject else None,
            **({"asks": True} if self.asks else {}),
            **({"skip": self.skip} if self.skip else {}),
            **({"language": self.language} if self.language != "en" else {}),
            **({"files": [file.to_json() for file in self.files]} if self.files else {}),
        }

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Card:
        subject = data.get("subject")
        return cls(
            data.get("title", ""),
            data.get("text", ""),
            tuple(Line.of_json(line) for line in data.get("lines", [])),
            tuple(CardPhoto.of_json(photo) for photo in data.get("photos", [])),
            tuple(tuple(Button.of_json(button) for button in row) for row in data.get("buttons", [])),
            data.get("mood", ""),
            (subject[0], subject[1]) if subject else None,
            data.get("asks", False),
            data.get("skip", 0),
            data.get("language", "en"),
            tuple(CardFile.of_json(file) for file in data.get("files", [])),
        )


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a person said on a surface, as its inbox row keeps it (JSON in `to_json`). One of text, photos or press.

    `event_id` is the surface's own, unique: a repeated delivery is noticed by it. `person` is the surface's user id, `chat`
    the place to answer. `photos` are sha256 of photos already stored, or the surface's own file ids prefixed with "file:";
    `album` groups photos that came together and `ended` says that nothing follows. `press` is a button's id; `message` is the
    surface's reference of the message that was pressed or replied to. `order` grows along the messages of a chat: the photos of
    an album belong in that order, in whichever they arrive. A press with a text answers at once what the button would ask. `thread` is
    the message whose thread this was said in; `opens` is the view of a place that shows nothing else and was just looked at; `aside`
    is the chat that this person alone reads, where several read the other. Whatever surface it comes from, its texts are clean
    (`clean_text`).
    """

    surface: str
    chat: str
    person: str
    event_id: str
    name: str = ""
    text: str = ""
    photos: tuple[str, ...] = ()
    album: str = ""
    ended: bool = False
    press: str = ""
    message: str = ""
    order: int = 0
    language: str = ""
    thread: str = ""
    opens: str = ""
    aside: str = ""

    def __post_init__(self) -> None:
        for one in fields(self):
            if isinstance(value := getattr(self, one.name), str):
                object.__setattr__(self, one.name, clean_text(value))

    @property
    def private(self) -> bool:
        """Whether nobody but this person reads the chat: codes and links are given there only. A private chat has its person's own id;
        Slack's direct messages are conversations whose ids begin with D."""
        return self.chat == self.person or (self.surface == "slack" and self.chat.startswith("D"))

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        data["photos"] = list(self.photos)
        return data

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Inbound:
        return cls(**{**data, "photos": tuple(data.get("photos", []))})
