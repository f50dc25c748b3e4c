"""Carriers: what people call them, and what their tracking numbers look like. Data; a number that looks wrong is asked about.

Shapes and check digits are those that carriers publish: S10 of the Universal Postal Union (two letters, eight digits and a check digit,
two letters), GS1's modulo 10 of USPS's 20 and 22 digits, UPS's 1Z numbers. Where nothing is published a shape is only a length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


@dataclass(frozen=True, slots=True)
class Carrier:
    """`key` is how it is kept and told to channels, `name` how cards call it. `shapes` are its tracking numbers, whole; none: not known.
    `sure` are those that no other carrier has. `page` leads to where a parcel is, with the number at its end."""

    key: str
    name: str
    aliases: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    sure: tuple[str, ...] = ()
    page: str = ""


def _post(country: str) -> str:
    return rf"[A-Z]{{2}}\d{{9}}{country}"


_ALL = (
    Carrier("usps", "USPS", ("us postal service", "united states postal service", "us mail"),
            (r"(420\d{5}(\d{4})?)?9\d{19}(\d{2})?", r"\d{20}", _post("US")),
            (r"(420\d{5}(\d{4})?)?9[1-5]\d{18}(\d{2})?", _post("US")), "https://tools.usps.com/go/TrackConfirmAction?tLabels="),
    Carrier("ups", "UPS", ("united parcel service",), (r"1Z[0-9A-Z]{16}", r"T\d{10}", r"\d{9}"), (r"1Z[0-9A-Z]{16}",),
            "https://www.ups.com/track?tracknum="),
    Carrier("fedex", "FedEx", ("fed ex", "federal express"), (r"\d{12}", r"\d{14,15}", r"\d{20}", r"96\d{20}"), (r"96\d{20}",),
            "https://www.fedex.com/fedextrack/?trknbr="),
    Carrier("dhl", "DHL", ("dhl express", "dhl ecommerce", "dhl paket"),
            (r"\d{10,12}", r"\d{20}", r"(JJD|JVGL|JD|GM)[0-9A-Z]{10,30}", _post("DE")),
            (r"(JJD|JVGL)[0-9A-Z]{10,30}",), "https://www.dhl.com/global-en/home/tracking.html?tracking-id="),
    Carrier("royal mail", "Royal Mail", ("royalmail",), (_post("GB"), r"\d{16}", r"[0-9A-F]{16,21}"), (_post("GB"),),
            "https://www.royalmail.com/track-your-item#/tracking-results/"),
    Carrier("parcelforce", "Parcelforce", ("parcel force",), (_post("GB"), r"[A-Z]{2}\d{7}")),
    Carrier("evri", "Evri", ("hermes", "myhermes"), (r"[HTC]\d{15}|[HTC]\d[0-9A-Z]{14}", r"\d{16}")),
    Carrier("dpd", "DPD", (), (r"\d{14}", r"\d{10}", r"\d{14}[0-9A-Z]")),
    Carrier("gls", "GLS", (), (r"\d{11,12}", r"[0-9A-Z]{8}")),
    Carrier("canada post", "Canada Post", ("canadapost", "postes canada"), (r"\d{16}", r"\d{12}", _post("CA")), (_post("CA"),),
            "https://www.canadapost-postescanada.ca/track-reperage/en#/details/"),
    Carrier("australia post", "Australia Post", ("auspost", "australiapost"), (_post("AU"), r"[0-9A-Z]{10,26}"), (_post("AU"),),
            "https://auspost.com.au/mypost/track/#/details/"),
    Carrier("deutsche post", "Deutsche Post", ("deutschepost",), (_post("DE"), r"[0-9A-Z]{13,20}")),
    Carrier("correos", "Correos", (), (_post("ES"), r"[0-9A-Z]{13,23}"), (_post("ES"),)),
    Carrier("seur", "SEUR", ()),
    Carrier("chronopost", "Chronopost", (), (_post("FR"), r"[0-9A-Z]{13,15}")),
    Carrier("la poste", "La Poste", ("colissimo", "laposte"), (_post("FR"), r"[0-9A-Z]{11,15}")),
    Carrier("an post", "An Post", ("anpost",), (_post("IE"),), (_post("IE"),)),
    Carrier("bpost", "bpost", (), (_post("BE"), r"\d{24}"), (_post("BE"),)),
    Carrier("postnl", "PostNL", ("post nl",), (_post("NL"), r"3S[0-9A-Z]{11,13}"), (_post("NL"), r"3S[0-9A-Z]{11,13}")),
    Carrier("lasership", "OnTrac", ("ontrac", "laser ship"), (r"[CD]\d{14}", r"1LS[0-9A-Z]{12,15}")),
    Carrier("amazon", "Amazon", ("amazon logistics",), (r"TB[A-Z]\d{12}",), (r"TB[A-Z]\d{12}",)),
)  # fmt: skip
CARRIERS: Mapping[str, Carrier] = MappingProxyType({one.key: one for one in _ALL})
_CALLED = {name: one for one in _ALL for name in (one.key, one.name.lower(), *one.aliases)}
LONGEST_NAME = 3  # words of a carrier's name
USUAL = ("usps", "ups", "fedex", "dhl", "royal mail", "canada post", "dpd")  # offered as buttons


def called(name: str) -> Carrier | None:
    """The carrier that people call so."""
    return _CALLED.get(" ".join(name.lower().replace("-", " ").split()))


def name_of(key: str) -> str:
    """What a card calls a carrier; one that we do not know, as it was said."""
    known = CARRIERS.get(key)
    return known.name if known else key


def parted(words: str) -> tuple[str, str]:
    """What was typed after an order's number, as carrier and tracking number: ("usps", "9400…"). The carrier is "" where none is named
    that we know, unless letters alone come first: those are one that we do not know."""
    typed = words.split()
    for length in range(min(LONGEST_NAME, len(typed)), 0, -1):
        if found := called(" ".join(typed[:length])):
            return found.key, number_of(" ".join(typed[length:]))
    if len(typed) > 1 and typed[0].isalpha() and not any(one.isalpha() and len(one) > 3 for one in typed[1:]):
        return typed[0][:40], number_of(" ".join(typed[1:]))
    if len(typed) == 1 and typed[0].isalpha() and len(typed[0]) < 10:
        return typed[0], ""
    return "", number_of(words)


def number_of(text: str) -> str:
    """A tracking number as carriers keep it: capitals, without spaces and hyphens."""
    return re.sub(r"[\s-]+", "", text).upper()[:60]


def guess(number: str) -> Carrier | None:
    """The only carrier whose numbers look like this one."""
    found = [one for one in _ALL if any(re.fullmatch(shape, number) for shape in one.sure)]
    return found[0] if len(found) == 1 and _checks(number) else None


def is_doubtful(carrier: str, number: str) -> bool:
    """Whether a number does not look like one of the carrier's. Of a carrier whose numbers are not known only nonsense is doubtful."""
    if not re.fullmatch(r"[0-9A-Z]{6,40}", number):
        return True
    known = CARRIERS.get(carrier)
    if known is None or not known.shapes:
        return False
    return not (any(re.fullmatch(shape, number) for shape in known.shapes) and _checks(number))


def _checks(number: str) -> bool:
    """Whether the check digit is right, of the numbers that have one we know."""
    if found := _S10.fullmatch(number):
        rest = 11 - sum(int(digit) * weight for digit, weight in zip(found[1], _S10_WEIGHTS, strict=True)) % 11
        return int(found[2]) == {10: 0, 11: 5}.get(rest, rest)
    if re.fullmatch(r"1Z[0-9A-Z]{16}", number):
        values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:-1]]
        total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
        return number[-1].isdigit() and int(number[-1]) == -total % 10
    if re.fullmatch(r"9[1-5]\d{18}(\d{2})?", number):
        digits = [int(digit) for digit in reversed(number[:-1])]
        total = sum(digit * (1 if place % 2 else 3) for place, digit in enumerate(digits))
        return int(number[-1]) == -total % 10
    return True


def link(carrier: str, number: str) -> str:
    """Where people see how far a parcel is; "" where we know no page."""
    known = CARRIERS.get(carrier)
    return known.page + number if known and known.page and number else ""
