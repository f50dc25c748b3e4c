"""Sizes as tags print them. Pure.

Only what is unmistakably a size counts: a letter size alone on its line, numbers with their system ("US 10 EU 44"), waist and
length, or whatever stands behind the word "size".
"""

from __future__ import annotations

import re

_LETTER = r"(?:XXS|XS|S|M|L|XL|XXL|XXXL|[2-6]XL|[1-6]X)"
_NUMBER = r"\d{1,3}(?:[.,]5|\s?½|\s?1/2)?"
_SYSTEM = r"(?:US|USA|UK|EU|EUR|EURO|FR|IT|DE|JP|CM|MM|MX|BR|AU|CN|CHN|CAN)"

_PAIR = re.compile(rf"\b({_SYSTEM})\s?[:.]?\s?({_NUMBER}|{_LETTER})(?![\w%])")
_PAIR_BACK = re.compile(rf"(?<![\w.,])({_NUMBER}|{_LETTER})\s?({_SYSTEM})\b")
_FILLER = re.compile(r"\b(?:SIZE|SZ|MENS?|WOMENS?|MEN'S|WOMEN'S|KIDS?|BOYS?|GIRLS?|W|M|D|Y|C)\b|[-/|,.:•·()]")
_WAIST = re.compile(r"\bW\s?:?\s?(\d{2})\s?[\"']*\s?[x/,]?\s?L\s?:?\s?(\d{2})\b", re.IGNORECASE)
_CROSS = re.compile(r"^(\d{2})\s?[xX×]\s?(\d{2})$")
_VALUE = re.compile(
    rf"^(?:{_LETTER}(?:\s?[/-]\s?{_LETTER})?|{_NUMBER}(?:\s?[A-Z]{{1,2}})?|\d{{1,2}}T|\d{{2}}\s?[xX×]\s?\d{{2}}"
    r"|\d{1,2}\s?-\s?\d{1,2}\s?(?:M|MO|MOS|MONTHS|Y|YRS|YEARS)?|\d{2}(?:/\d{2})?[A-H]{1,3}|ONE SIZE|OS|OSFA|OSFM"
    r"|SMALL|MEDIUM|LARGE|X-LARGE|EXTRA LARGE|PETITE|TALL)$"
)
_WORDS = {"SMALL": "S", "MEDIUM": "M", "LARGE": "L", "X-LARGE": "XL", "EXTRA LARGE": "XL"}
_ALONE = re.compile(rf"^(?:{_LETTER}|SMALL|MEDIUM|LARGE|X-LARGE|EXTRA LARGE|ONE SIZE)$")
_NOT_SHOES = ("CM", "MM")  # centimetres alone measure anything; beside another system they are a shoe's

SYSTEMS, WAIST, ALONE, ALONE_SHORT = 0.92, 0.92, 0.7, 0.5


def stated(text: str) -> str:
    """What stands behind the word "size", when it is a size; else ""."""
    plain = text.strip(" .:-#").upper()
    found = _systems(plain) or _waist(plain)
    if found:
        return found
    return _WORDS.get(plain, plain.replace("½", ".5").replace(" .5", ".5")) if _VALUE.match(plain) else ""


def unstated(text: str) -> tuple[str, float] | None:
    """A size that a line says without the word "size", and how sure that is."""
    plain = text.strip().upper()
    systems = _systems(plain)
    if systems:
        return systems, SYSTEMS
    waist = _waist(plain)
    if waist:
        return waist, WAIST
    if _ALONE.match(plain):
        return _WORDS.get(plain, plain), ALONE if len(plain) > 1 else ALONE_SHORT
    return None


def _systems(plain: str) -> str:
    """ "US 10 / UK 9 / EU 44", when the line holds nothing but systems and numbers."""
    for pattern, system, number in ((_PAIR, 1, 2), (_PAIR_BACK, 2, 1)):
        pairs = [(match[system], match[number]) for match in pattern.finditer(plain)]
        rest = _FILLER.sub(" ", pattern.sub(" ", plain)).strip()
        if pairs and not rest and any(one not in _NOT_SHOES for one, _ in pairs):
            return " / ".join(f"{_SHORT.get(one, one)} {value.replace(',', '.')}" for one, value in pairs)
    return ""


_SHORT = {"USA": "US", "EUR": "EU", "EURO": "EU", "CHN": "CN"}


def _waist(plain: str) -> str:
    found = _WAIST.search(plain) or _CROSS.match(plain)
    return f"W{found[1]} L{found[2]}" if found else ""
