"""Product numbers and their check digits. Pure.

GTIN check digit: GS1 General Specifications, section 7.9. UPC-E expansion: the same, section 5.2.2.4. ISBN-10: ISO 2108:2005.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GS1_LINK = re.compile(r"^https?://[^\s?#]+/01/(\d{14}|\d{13}|\d{12}|\d{8})(?:[/?#]|$)")


@dataclass(frozen=True, slots=True)
class Product:
    """A product number whose check digit is right. `field` is the draft's name for it: "upc", "ean" or "isbn"."""

    field: str
    value: str


def gtin_ok(digits: str) -> bool:
    """Is this a GTIN-8, -12, -13 or -14 with the right check digit?"""
    if len(digits) not in (8, 12, 13, 14) or not _numeric(digits):
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0


def isbn10_ok(text: str) -> bool:
    """Is this a ten-character ISBN with the right check digit (X counts ten)?"""
    if not re.fullmatch(r"[0-9]{9}[0-9X]", text):
        return False
    return sum((10 - place) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(text)) % 11 == 0


def isbn13_of(isbn10: str) -> str:
    """The thirteen digits of a valid ISBN-10."""
    body = "978" + isbn10[:9]
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-weighted % 10)


def upc_of_upce(digits: str) -> str:
    """The UPC-A behind eight digits of UPC-E (number system 0 or 1, check digit included); "" when it is none."""
    if len(digits) != 8 or not _numeric(digits) or digits[0] not in "01":
        return ""
    system, body, check = digits[0], digits[1:7], digits[7]
    last = body[5]
    if last in "012":
        middle = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        middle = body[:3] + "00000" + body[3:5]
    elif last == "4":
        middle = body[:4] + "00000" + body[4]
    else:
        middle = body[:5] + "0000" + last
    upc = system + middle + check
    return upc if gtin_ok(upc) else ""


def product_of_digits(digits: str) -> Product | None:
    """What a run of 8, 10, 12, 13 or 14 digits identifies; None when its check digit is wrong or it is not for trade.

    Numbers that a shop gives itself (prefixes 02, 04 and 20 to 29) name no product to the world.
    """
    if isbn10_ok(digits):
        return Product("isbn", isbn13_of(digits))
    if not gtin_ok(digits) or not digits.strip("0"):
        return None
    if len(digits) == 14:
        return product_of_digits(digits[1:]) if digits[0] == "0" else None
    if len(digits) == 8:
        return None if digits[0] in "02" else Product("ean", digits)
    full = digits.zfill(13)
    if full[:2] in ("02", "04") or full[0] == "2":
        return None
    if full[:3] in ("978", "979"):
        return Product("isbn", full)
    return Product("upc", full[1:]) if full[0] == "0" else Product("ean", full)


def product_of_barcode(form: str, text: str) -> Product | None:
    """What a barcode identifies, by the symbol's name as zxing-cpp gives it ("EAN13", "UPCA", "UPCE", "EAN8", "ISBN", "QRCode" …).

    Other symbols hold whatever their maker liked (serial numbers, shipping), so they identify nothing.
    """
    plain = text.strip().replace(" ", "").replace("-", "")
    if form == "UPCE":
        return product_of_digits(upc_of_upce(plain) or plain)
    if form in ("EAN13", "EAN8", "UPCA", "ISBN"):
        return product_of_digits(plain)
    link = _GS1_LINK.match(text.strip()) if form in ("QRCode", "DataMatrix") else None
    return product_of_digits(link[1]) if link else None


def _numeric(text: str) -> bool:
    return text.isascii() and text.isdigit()
