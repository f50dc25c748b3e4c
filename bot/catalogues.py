"""`python -m bot.catalogues`: brings the catalogues of bot/locales up to date with the messages of the code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from bot.speech import LANGUAGES, path_of

ROOT = Path(__file__).parent.parent
FOLDERS = ("bot", "core", "integrations", "storage")
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "Told": None, "counted": (1, 2)}


def messages(root: Path = ROOT) -> Iterator[str | tuple[str, str]]:
    """Every message of the code, in the order of its files; one with a plural form is a pair."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            for _line, message, _comments, _context in extract("python", BytesIO(path.read_bytes()), KEYWORDS):
                if isinstance(message, str):
                    yield message
                else:
                    yield str(message[0]), str(message[1])


def read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> None:
    """New messages come empty, those that are gone leave, the others keep their translation."""
    path = path_of(language)
    known = read(language) if path.exists() else Catalog(locale=language)
    made = Catalog(locale=language)
    for message in messages():
        there = known.get(message[0] if isinstance(message, tuple) else message)
        made.add(message, there.string if there is not None else None)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, width=140, no_location=True, omit_header=True)


def main() -> int:
    for language in LANGUAGES:
        if language != "en":
            update(language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
