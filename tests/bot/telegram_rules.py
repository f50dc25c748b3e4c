"""What Telegram takes and what it refuses: the Bot API's own document (`../shared/specs/telegram/api.json`) and the limits it only
tells in words. Used by the local server; `Refusal` is an answer with `ok: false`."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
PHOTO_BYTES, DOWNLOAD_BYTES = 10 * 1024 * 1024, 20 * 1024 * 1024
_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote", "tg-spoiler"}
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_STYLES = {"danger", "success", "primary"}


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Expected(Refusal):
    """A refusal that a correct bot may run into."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    data: bytes
    name: str


class Document:
    """The Bot API's machine-readable description: checks calls and values against it."""

    def __init__(self, specs: Path) -> None:
        whole = json.loads((specs / "telegram" / "api.json").read_text())
        self._methods: dict[str, Any] = whole["methods"]
        self._types: dict[str, Any] = whole["types"]

    def call(self, method: str, form: Mapping[str, str | Upload]) -> dict[str, Any]:
        """The arguments of a call, read from its form. Uploads that no field asks for are attachments and are left out.

        Raises `Refusal` with what does not agree with the document.
        """
        if method not in self._methods:
            raise Refusal(404, "Not Found: method not found")
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        read: dict[str, Any] = {}
        for name, value in form.items():
            if name in fields:
                read[name] = self._argument(value, fields[name]["types"], f"{method}.{name}")
            elif isinstance(value, str):
                raise Refusal(400, f"Bad Request: {method} has no parameter {name}")
        for name, field in fields.items():
            if field["required"] and name not in read:
                raise Refusal(400, f"Bad Request: {method} needs {name}")
        return read

    def _argument(self, value: str | Upload, types: list[str], where: str) -> Any:
        if isinstance(value, Upload):
            if "InputFile" not in types:
                raise Refusal(400, f"Bad Request: {where} is no file")
            return value
        if types == ["String"] or types == ["InputFile", "String"]:
            return value
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        self.check(read, types, where)
        return read

    def check(self, value: Any, types: list[str], where: str) -> None:
        """Raises `Refusal` unless the value is of one of the types."""
        wrong: list[Refusal] = []
        for kind in types:
            try:
                self._check_one(value, kind, where)
            except Refusal as refusal:
                wrong.append(refusal)
            else:
                return
        raise wrong[-1]

    def _check_one(self, value: Any, kind: str, where: str) -> None:
        simple: dict[str, Any] = {"Integer": int, "String": str, "Float": (int, float), "Boolean": bool, "True": bool}
        if kind in simple:
            if not isinstance(value, simple[kind]) or (isinstance(value, bool) and kind in ("Integer", "Float")):
                raise Refusal(400, f"Bad Request: {where} must be {kind}, not {value!r}")
        elif kind.startswith("Array of "):
            if not isinstance(value, list):
                raise Refusal(400, f"Bad Request: {where} must be an array")
            for index, one in enumerate(value):
                self._check_one(one, kind.removeprefix("Array of "), f"{where}[{index}]")
        elif kind == "InputFile":
            raise Refusal(400, f"Bad Request: {where} must be a file")
        elif "subtypes" in self._types[kind] and not self._types[kind].get("fields"):
            self.check(value, self._types[kind]["subtypes"], where)
        else:
            self._check_object(value, kind, where)

    def _check_object(self, value: Any, kind: str, where: str) -> None:
        if not isinstance(value, dict):
            raise Refusal(400, f"Bad Request: {where} must be {kind}")
        fields = {field["name"]: field for field in self._types[kind].get("fields", [])}
        for name, inner in value.items():
            if name not in fields:
                raise Refusal(400, f"Bad Request: {kind} has no field {name} ({where})")
            self.check(inner, fields[name]["types"], f"{where}.{name}")
        for name, field in fields.items():
            if field["required"] and name not in value:
                raise Refusal(400, f"Bad Request: {where} needs {name}")


def plain_text(marked: str, limit: int, *, what: str) -> str:
    """What is left of HTML when its markup is taken out. Refuses bad markup and too long a text; a caption may be empty."""
    parser = _Markup()
    parser.feed(marked)
    parser.close()
    if parser.open:
        raise Refusal(400, f"Bad Request: can't parse entities: can't find end tag corresponding to start tag \"{parser.open[-1]}\"")
    text = "".join(parser.parts).strip()
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise Refusal(400, f"Bad Request: message {what}is too long")
    if not text and not what:
        raise Refusal(400, "Bad Request: message text is empty")
    return text


class _Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        if "<" in data:
            raise Refusal(400, "Bad Request: can't parse entities: Unsupported start tag")
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(_ENTITIES.get(name, f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.parts.append(chr(int(name[1:], 16) if name[0] in "xX" else int(name)))


def check_keyboard(markup: dict[str, Any] | None) -> list[list[dict[str, Any]]]:
    """The rows of an inline keyboard."""
    rows: list[list[dict[str, Any]]] = (markup or {}).get("inline_keyboard", [])
    if sum(len(row) for row in rows) > 100:
        raise Refusal(400, "Bad Request: BUTTONS_TOO_MANY")
    for button in (button for row in rows for button in row):
        _check_button(button)
    return rows


def _check_button(button: dict[str, Any]) -> None:
    actions = set(button) - {"text", "style", "icon_custom_emoji_id"}
    if not button["text"] or len(actions) != 1:
        raise Refusal(400, "Bad Request: text buttons need a text and exactly one action")
    if button.get("style", "primary") not in _STYLES:
        raise Refusal(400, "Bad Request: BUTTON_STYLE_INVALID")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= 256:
        raise Refusal(400, "Bad Request: BUTTON_COPY_TEXT_INVALID")
    if "url" in button:
        parts = urlsplit(button["url"])
        if parts.scheme not in ("http", "https") or "." not in (parts.hostname or ""):
            raise Refusal(400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def check_photo(data: bytes) -> tuple[int, int]:
    """Width and height of a photo that Telegram would take."""
    if len(data) > PHOTO_BYTES:
        raise Refusal(400, "Bad Request: file is too big")
    try:
        width, height = Image.open(io.BytesIO(data)).size
    except OSError:
        raise Refusal(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return width, height
