"""The one client of eBay's older Trading API: XML over one address, for what the newer APIs cannot do.

Every call is a POST to `/ws/api.dll` with the call's name in a header and the OAuth token in `X-EBAY-API-IAF-TOKEN`. An answer is 200
whatever it says: `Ack` is Success, Warning, PartialFailure or Failure, and `Errors` say why. Sources of every fact: README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from core.errors import AuthLost, Busy, HaggleError, Refused, Unreachable
from core.money import Money, of_wire
from core.values.channel import Connection
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.errors import NONSENSE, OWN_TROUBLE
from integrations.http import Response

NAMESPACE = "urn:ebay:apis:eBLBaseComponents"
LEVEL = "1423"  # the version of the documents that this was written by
# eBay's numbers of its sites (SiteCodeType).
SITES = {
    "EBAY_US": "0",
    "EBAY_CA": "2",
    "EBAY_GB": "3",
    "EBAY_AU": "15",
    "EBAY_FR": "71",
    "EBAY_DE": "77",
    "EBAY_IT": "101",
    "EBAY_ES": "186",
}
REFUSED_TOKEN = frozenset({"930", "931", "932", "21916984", "21917053"})
_OWN_TROUBLE = frozenset({"10007", "219255"})
_TODAY = frozenset({"518"})  # the app's calls of the day are used up
_SHORT = frozenset({"21919144"})  # too many calls within some seconds
SHORT_SECONDS, TODAY_SECONDS = 15.0, 3600.0
PATIENCE = 60.0  # eBay advises to wait longer for lists than for other calls


class Trading:
    """Calls in a seller's name. Every call raises `core.errors`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, account: Connection, name: str, asks: Mapping[str, Any]) -> Element:
        """The answer's root. `asks` becomes the request's elements: a mapping nests, a list repeats, anything else is text."""
        own = self._client.settings
        answer = await self._client.as_seller(
            account, "POST", f"{own.api_url}/ws/api.dll", content=request_of(name, asks), timeout=PATIENCE, busy_after=SHORT_SECONDS,
            scheme="", header="X-EBAY-API-IAF-TOKEN", refuses=_refuses_token,
            headers={
                "Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml", "X-EBAY-API-CALL-NAME": name,
                "X-EBAY-API-COMPATIBILITY-LEVEL": LEVEL, "X-EBAY-API-SITEID": SITES[own.marketplace],
            },
        )  # fmt: skip
        root = _read(answer)
        if root is None or text(root, "Ack") == "":
            raise Unreachable(NONSENSE, cause="no XML with an Ack")
        if text(root, "Ack") not in ("Success", "Warning"):
            raise error_in(root)
        return root


def request_of(name: str, asks: Mapping[str, Any]) -> bytes:
    """`<NAMERequest>` as bytes."""
    root = Element(f"{name}Request", xmlns=NAMESPACE)
    _fill(root, asks)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _fill(parent: Element, asks: Mapping[str, Any]) -> None:
    for name, value in asks.items():
        for one in value if isinstance(value, list) else [value]:
            child = SubElement(parent, name)
            if isinstance(one, Mapping):
                _fill(child, one)
            else:
                child.text = str(one)


def _read(answer: Response) -> Element | None:
    """The answer's root with plain names; None when it is no XML. One that declares a document type is none of eBay's: entities, by which
    a small text becomes a huge one, need that."""
    if b"<!DOCTYPE" in answer.body:
        return None
    try:
        root = ElementTree.fromstring(answer.body)  # noqa: S314
    except ElementTree.ParseError:
        return None
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    return root


def _refuses_token(answer: Response) -> bool:
    if answer.status == 401:
        return True
    if not answer.ok or b"Failure" not in answer.body:
        return False
    root = _read(answer)
    return root is not None and bool(REFUSED_TOKEN.intersection(_codes(root)))


def _codes(root: Element) -> list[str]:
    return [text(one, "ErrorCode") for one in root.findall("Errors") if text(one, "SeverityCode") != "Warning"]


def error_in(root: Element) -> HaggleError:
    """The error that a failed answer stands for."""
    errors = [one for one in root.findall("Errors") if text(one, "SeverityCode") != "Warning"] or root.findall("Errors")
    if not errors:
        return Unreachable(NONSENSE, cause="a failure without errors")
    first = errors[0]
    code, said = text(first, "ErrorCode"), text(first, "LongMessage") or text(first, "ShortMessage")
    cause = f"Trading error {code}"
    if code in REFUSED_TOKEN:
        return AuthLost(Told("eBay no longer accepts this connection. Connect it again."), code=code, cause=cause)
    if code in _TODAY | _SHORT:
        wait = SHORT_SECONDS if code in _SHORT else TODAY_SECONDS
        return Busy(Told("eBay asks to slow down. I will go on later."), retry_after=wait, code=code)
    if code in _OWN_TROUBLE or text(first, "ErrorClassification") == "SystemError":
        return Unreachable(OWN_TROUBLE, code=code, cause=cause)
    return Refused(Told("eBay refuses: {text}", text=said[:300]), code=code, cause=cause)


def text(element: Element, path: str) -> str:
    """The text at a path below an element; "" where there is none."""
    return (element.findtext(path) or "").strip()


def number(element: Element, path: str) -> int | None:
    found = text(element, path)
    return int(found) if found.lstrip("-").isdecimal() else None


def money(element: Element, path: str) -> Money | None:
    """An AmountType: a number with its currency as an attribute."""
    found = element.find(path)
    if found is None or not (found.text or "").strip() or not found.get("currencyID"):
        return None
    return of_wire(str(found.text).strip(), str(found.get("currencyID")))
