"""Product numbers and their check digits. Pure.

GTIN check digit: GS1 General Specifications, section 7.9. UPC-E expansion: the same, section 5.2.2.4. ISBN-10: ISO 2108:2005.
Which numbers name no product: the same specifications, release 26.0, tables 1-4 (GS1 Prefixes) and 1-5 (GS1-8 Prefixes);
coupons that begin with 5: Joint Industry Coupon Committee, North American Coupon Application Guideline, 2015.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GS1_LINK = re.compile(r"^https?://[^\s?#]+/01/(\d{14}|\d{13}|\d{12}|\d{8})(?:[/?#]|$)")

# What the thirteen digits begin with when they name no product to the world, and why.
_NO_PRODUCT = (
    "02", "2",  # numbers that shops of a region give themselves, often with a weight or a price inside
    "04",  # numbers that a company gives itself
    "05", "981", "982", "983", "984", "99",  # coupons
    "951", "952",  # numbers of tags that are no products; examples
    "96",  # only ever used with eight digits
    "977",  # a periodical (ISSN): every issue has the same one, and the issue's own number stands in the small bars beside it
    "980",  # refund receipts
)  # fmt: skip
_NO_SHORT_PRODUCT = ("0", "2", "952", "977", "978", "979", "98", "99")  # the same, of eight digits; from 977 on they are reserved
_SHORT_PADDED = "00000"  # thirteen digits that are eight, filled up: no company has this prefix
_BOOKS = ("978", "979")
_SHEET_MUSIC = "9790"  # ISMN, ISO 10957: a product, but no book


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
    """What a run of 8, 10, 12, 13 or 14 digits identifies; None when its check digit is wrong or it names no product."""
    if not digits.strip("0"):
        return None
    if isbn10_ok(digits):
        return Product("isbn", isbn13_of(digits))
    if not gtin_ok(digits):
        return None
    if len(digits) == 14:
        return product_of_digits(digits[1:]) if digits[0] == "0" else None
    full = digits.zfill(13)
    if full.startswith(_SHORT_PADDED):
        short = full[5:]
        return None if short.startswith(_NO_SHORT_PRODUCT) else Product("ean", short)
    if full.startswith(_NO_PRODUCT):
        return None
    if full.startswith(_BOOKS) and not full.startswith(_SHEET_MUSIC):
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
