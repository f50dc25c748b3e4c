"""Languages beside English: gettext catalogues in bot/locales, and Babel for how amounts and days are written.

A catalogue is read from its .po file when the first reader needs it (about 50 ms, once a process), so nothing is built at set-up
and English costs nothing. `make words` brings the catalogues up to date with the code; see bot/locales/README.md.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from core.money import exponent
from core.words import ENGLISH, Speech

LOCALES = Path(__file__).parent / "locales"
# Each language by its own name, as a member chooses it.
LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "es": "Español"})


def path_of(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "haggle.po"


class Catalogue(Speech):
    """A language that is translated from English."""

    def __init__(self, language: str) -> None:
        from babel import Locale  # English speakers need neither the library nor its 10 MB
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        self.language = language
        self._locale = Locale.parse(language)
        with path_of(language).open("rb") as file:
            messages = read_po(file, locale=language)
        compiled = BytesIO()
        write_mo(compiled, messages)
        compiled.seek(0)
        self._translations = gettext.GNUTranslations(compiled)

    def gettext(self, message: str) -> str:
        return self._translations.gettext(message) if message else ""  # the empty message is the catalogue's own head

    def ngettext(self, one: str, many: str, count: int) -> str:
        said = self._translations.ngettext(one, many, count)
        # The forms of a table (`N_`) are messages of their own.
        return self._translations.gettext(said) if said in (one, many) else said

    def money(self, amount: int, currency: str, english: str) -> str:
        from babel.numbers import format_currency

        return format_currency(Decimal(amount).scaleb(-exponent(currency)), currency, locale=self._locale)

    def day_time(self, local: datetime) -> str:
        from babel.dates import format_datetime

        return format_datetime(local, "d MMM HH:mm", locale=self._locale)

    def day(self, local: datetime) -> str:
        from babel.dates import format_date

        return format_date(local, "d MMM", locale=self._locale)


@lru_cache
def speech_of(language: str) -> Speech:
    """How a language says things; English for one that we do not speak."""
    return Catalogue(language) if language != "en" and language in LANGUAGES else ENGLISH
