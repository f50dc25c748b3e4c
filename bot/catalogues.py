"""`python -m bot.catalogues`: brings the catalogues of bot/locales up to date with the messages of the code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot.speech import LANGUAGES, path_of

ROOT = Path(__file__).parent.parent
FOLDERS = ("bot", "core", "integrations", "storage")
KEYWORDS = {"_": 1, "N_": 1, "Told": 1, "ngettext": 2, "counted": 2}  # how many of the first arguments are messages


def messages(root: Path = ROOT) -> Iterator[str | tuple[str, str]]:
    """Every message of the code, in the order of its files; one with a plural form is a pair."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            yield from of_source(path.read_text("utf-8"))


def of_source(source: str) -> Iterator[str | tuple[str, str]]:
    """The messages of one file. Not Babel's own extraction, which passes over calls within calls."""
    calls = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        count = KEYWORDS.get(call.func.id if isinstance(call.func, ast.Name) else "", 0)
        said = [one.value for one in call.args[:count] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if count and len(said) == count:
            yield said[0] if count == 1 else (said[0], said[1])


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
