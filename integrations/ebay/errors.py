"""eBay's errors as ours: a table by error id, and a pure function that reads an answer.

Ids and their meaning are eBay's own (specs/ebay: `x-response-codes` of each operation). An id that is not in the table is
`Refused` with eBay's own words. Bodies are `{"errors": [{errorId, message, longMessage, parameters: [{name, value}]}]}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import AuthLost, HaggleError, Invalid, Missing, Refused, Unreachable
from core.words import N_, Told
from integrations.http import Response

Error = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """What an id means. `says` may use `{text}` (eBay's own words) and `{field}` (the parameter that names a field)."""

    kind: type[HaggleError]
    says: str
    field: str = ""


_RECONNECT = N_("eBay no longer accepts this connection. Connect it again.")
_POLICY = N_("eBay does not accept the business policies of this account: {text} Check them in eBay's seller hub, then try again.")
_PHOTO = N_("eBay does not take one of the photos: {text} Replace it and try again.")
_HOLD = N_("eBay has put this listing on hold: {text} Open it on eBay, see what is wrong and settle it there.")
_BIDS = N_("eBay does not let this listing be changed while it has a bid or an offer, or ends within 12 hours. Answer the offer first.")
_REFURBISHED = N_("eBay does not let this account list it as refurbished: {text} Choose another condition that is true.")
_REFUND_MEANS = N_(
    "eBay could not take the money for the refund from you. See to it in eBay's seller hub, under payments, then refund again."
)
_GONE = N_("eBay does not have this listing any more.")

TABLE: dict[int, Row] = {
    # who is calling
    1001: Row(AuthLost, _RECONNECT),
    1002: Row(AuthLost, _RECONNECT),
    1003: Row(AuthLost, _RECONNECT),
    1100: Row(AuthLost, N_("eBay says this connection lacks a permission. Connect it again and agree to everything asked.")),
    190013: Row(AuthLost, N_("eBay says this connection may not upload photos. Connect it again and agree to everything asked.")),
    # not there
    25701: Row(Missing, _GONE),
    25702: Row(Missing, _GONE),
    25710: Row(Missing, _GONE),
    25713: Row(Missing, _GONE),
    25805: Row(Missing, N_("eBay does not have that ship-from place."), "location"),
    190200: Row(Missing, N_("eBay does not have that photo any more.")),
    195001: Row(Missing, N_("eBay does not know that key.")),
    195022: Row(Missing, N_("eBay does not have that webhook address.")),
    195026: Row(Missing, N_("eBay has no alert address for this app.")),
    32100: Row(Missing, N_("eBay does not know that order.")),
    # a field of the listing
    25029: Row(Missing, N_("eBay needs “{field}” in this category. Fill it in and publish again.")),
    25016: Row(Missing, N_("eBay does not accept the {field}: {text} Change it and try again.")),
    25003: Row(Refused, N_("eBay does not accept the price: {text} Change it and try again."), "price"),
    25004: Row(Refused, N_("eBay does not accept the quantity: {text} Change it and try again."), "quantity"),
    25005: Row(Missing, N_("eBay does not accept the category. Choose another and publish again."), "category"),
    25012: Row(Missing, N_("eBay does not know where this ships from. Set the ship-from place of the account."), "location"),
    25021: Row(Refused, N_("eBay does not take this condition in this category. Choose another that is true."), "condition"),
    25022: Row(Refused, N_("eBay does not accept the value of “{field}” in this category. Change it and try again.")),
    25502: Row(Refused, N_("eBay does not accept an item specific: {text} Change it and try again.")),
    25503: Row(Refused, N_("eBay does not accept a product number: {text} Correct or remove it and try again.")),
    25020: Row(Refused, N_("eBay does not accept the parcel's weight or size: {text} Correct it and try again.")),
    25715: Row(Refused, N_("eBay does not accept the parcel's weight or size. Correct it and try again.")),
    25707: Row(Invalid, N_("eBay does not accept our number for this item.")),
    25708: Row(Invalid, N_("eBay does not accept our number for this item.")),
    25709: Row(Invalid, N_("eBay does not accept the {field}: {text}")),
    **dict.fromkeys((25014, 25015, 25501, 25086), Row(Refused, _PHOTO, "photos")),
    **dict.fromkeys((190201, 190202, 190203), Row(Refused, _PHOTO, "photos")),
    **dict.fromkeys((25007, 25008, 25009, 25035, 25036), Row(Refused, _POLICY)),
    25018: Row(Refused, N_("eBay refuses to list it: {text} Check in eBay's account settings that business policies are on.")),
    # the seller may not
    25026: Row(Refused, N_("Your eBay selling limit is reached. Ask eBay for a higher limit, or end something else first.")),
    25096: Row(Refused, _HOLD),
    25097: Row(Refused, _HOLD),
    25098: Row(Refused, _HOLD),
    25019: Row(Refused, N_("eBay does not let this listing be changed now: {text}")),
    **dict.fromkeys((25038, 25039, 25040), Row(Refused, _BIDS)),
    **dict.fromkeys(range(25041, 25053), Row(Refused, _REFURBISHED, "condition")),
    # an order
    **dict.fromkeys((32200, 32210, 34914), Row(Missing, N_("eBay does not have that line in the order. Look at the order on eBay."))),
    32300: Row(Refused, N_("eBay does not take this carrier or tracking number: {text} Correct it and send it again.")),
    32400: Row(Refused, N_("eBay has suspended this account. Ask eBay's support to open it.")),
    32500: Row(Refused, N_("eBay does not take this day of shipping. Say that it was shipped today.")),
    32600: Row(Invalid, N_("eBay does not take this shipment: {text}")),
    34100: Row(Refused, N_("eBay takes no more tracking numbers for this order.")),
    **dict.fromkeys(
        (34200, 34300), Row(Refused, N_("This order goes through eBay's Global Shipping Program. Mark it as shipped on eBay."))
    ),
    34500: Row(Refused, N_("eBay has this shipment already. Change it on eBay.")),
    # money back
    34913: Row(Missing, N_("eBay does not know that order.")),
    **dict.fromkeys((34907, 34909, 34915, 34924), Row(Refused, N_("eBay does not take this amount: {text} Refund less."))),
    34916: Row(Refused, N_("The buyer has opened a case about this order. Give the money back there, on eBay.")),
    34917: Row(Refused, N_("eBay says that this order was refunded already.")),
    34920: Row(Refused, N_("It is too late to refund this order on eBay. Send the buyer the money another way.")),
    34923: Row(Refused, N_("eBay does not refund this kind of order through Haggle. Refund it on eBay.")),
    34918: Row(Refused, N_("eBay does not refund this kind of order through Haggle. Refund it on eBay.")),
    34929: Row(
        Refused, N_("The buyer's payment has not come through, so eBay gives nothing back yet. Cancel the order, or refund it later.")
    ),
    **dict.fromkeys((34925, 34926, 34927, 34928, 34930), Row(Refused, _REFUND_MEANS)),
    # its own trouble, whatever the HTTP status
    **dict.fromkeys((25001, 25025, 20500, 20501, 30500, 46000, 62000, 33000, 34900, 135000, 140000, 190000, 195000), Row(Unreachable, "")),
}

PHOTO_IDS = frozenset({"25014", "25015", "25501", "25086"})
NONSENSE = Told("eBay gave an answer that makes no sense. I will try again.")
OWN_TROUBLE = Told("eBay has a problem of its own. I will try again.")
REVISIONS = Told(
    "eBay allows 250 changes of a listing in a day, and this one has had them. It can be changed again after midnight, eBay time (Pacific)."
)

_REVISED = re.compile(r"\brevis\w+\b.*\b(times|limit|maximum|threshold|exceed\w*|too many)\b", re.I | re.S)
_SPECIFIC = re.compile(r"item specific (.{1,40}?) is (?:missing|required)", re.I)
_FIELDS = {
    "title": "title",
    "description": "description",
    "listingDescription": "description",
    "condition": "condition",
    "categoryId": "category",
    "price": "price",
    "pricingSummary": "price",
    "availableQuantity": "quantity",
    "quantity": "quantity",
    "upc": "upc",
    "ean": "ean",
    "isbn": "isbn",
    "mpn": "mpn",
    "brand": "brand",
    "merchantLocationKey": "location",
}


def error_of(answer: Response) -> HaggleError:
    """The error that an answer of 300 and above stands for. 429 and 5xx never come here: `Http` has raised them.

    Only a body with an error id is eBay's own. Whatever else answers in its place (a proxy, a page for the time of maintenance) knows
    nothing of accounts and listings, so nothing is believed to be lost or gone.
    """
    try:
        body = answer.object()
    except Unreachable:
        body = {}
    told = [one for one in _told(body) if isinstance(one, Mapping) and _id(one)]
    if told:
        return of_errors(told, answer.status)
    return Unreachable(NONSENSE, code=str(answer.status), cause=f"HTTP {answer.status} without an error id")


def _told(body: Mapping[str, Any]) -> list[Any]:
    """The errors in a body: under "errors"; those of the Post-Order API under "error" too, or one level down."""
    inner = body.get("errorMessage")
    found = body.get("errors") or body.get("error") or (inner.get("error") if isinstance(inner, Mapping) else None)
    return found if isinstance(found, list) else [found]


def of_errors(errors: Sequence[Error], status: int) -> HaggleError:
    """One error for several: the first whose id we know, since eBay puts general ones beside the one that matters."""
    chosen = next((one for one in errors if _id(one) in TABLE), errors[0])
    known = _id(chosen)
    text = _text(chosen)
    code, cause = str(known), f"HTTP {status}, eBay error {known}"
    if _REVISED.search(text):
        return Refused(REVISIONS, code=code, cause=cause)
    if specific := _SPECIFIC.search(text):
        name = specific[1].strip("“”\"' ")
        return Missing(Told(TABLE[25029].says, field=name), field=_field(name), code=code, cause=cause)
    row = TABLE.get(known)
    if row is None and status == 401:  # refused, and not in words that mean a lost connection
        return Unreachable(NONSENSE, code=code, cause=cause)
    if row is None:
        return Refused(Told("eBay says: {text}", text=text), code=code, cause=cause)
    if row.kind is Unreachable:
        return Unreachable(OWN_TROUBLE, code=code, cause=cause)
    named = _parameter(chosen, "field", "fieldName")
    sentence = Told(row.says, text=text, field=named or Told("details"))
    if row.kind is Missing:
        return Missing(sentence, field=row.field or _field(named), code=code, cause=cause)
    return row.kind(sentence, code=code, cause=cause)


def parameter(errors: Sequence[Error], error_id: int, name: str) -> str:
    """A parameter of an error, such as the id of the offer that is in the way."""
    return next((_parameter(one, name) for one in errors if _id(one) == error_id), "")


def _field(named: str) -> str:
    """eBay's name of a field as ours; what is not one of our fields is an item specific."""
    if not named:
        return ""
    return _FIELDS.get(named) or _FIELDS.get(named.lower()) or f"aspect:{named}"


def _parameter(error: Error, *names: str) -> str:
    for one in error.get("parameters") or []:
        if one.get("name") in names:
            return str(one.get("value", ""))
    return ""


def _text(error: Error) -> str:
    """eBay's words without markup, ended by a full stop."""
    text = str(error.get("longMessage") or error.get("message") or "no reason given")
    text = " ".join(re.sub(r"<[^>]{0,200}>", " ", text).split())[:300].rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _id(error: Error) -> int:
    value = error.get("errorId", 0)
    return int(value) if str(value).isdigit() else 0
