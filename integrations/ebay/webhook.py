"""eBay's notifications: proves who sent them and says where to look.

The signature is ECDSA with SHA-1 over the compact JSON of the body, by a key that the header names (eBay's
event-notification-nodejs-sdk, lib/validator.js; specs/ebay/ebay-facts.md). Topics: developer.ebay.com,
commerce/notification/asyncapi. SHA-1 is eBay's choice.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import dumps, loads
from time import monotonic
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from core.errors import Busy, Missing, Refused
from core.values.channel import Hint
from core.words import Told
from integrations.ebay.client import Client

KEY_SECONDS = 3600.0  # eBay recommends about one hour
KEYS_A_MINUTE = 10  # eBay has a handful of keys: more strange ids than this are somebody's game with our call budget

_KID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_REFUSED = Told("This notification is not signed by eBay.")


@dataclass(frozen=True, slots=True)
class _Key:
    public: EllipticCurvePublicKey
    until: float


class EbayWebhook:
    """Implements `core.ports.WebhookGate`."""

    source = "ebay"

    def __init__(self, client: Client, clock: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._clock = clock
        self._keys: dict[str, _Key] = {}
        self._asked: list[float] = []
        self._asking: dict[str, asyncio.Future[EllipticCurvePublicKey]] = {}

    async def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """What a delivery says. Raises `Refused` when it is not eBay's, `Unreachable` or `Busy` when its key cannot be had now."""
        header = next((value for name, value in headers.items() if name.lower() == "x-ebay-signature"), "")
        kid, signature = _signature(header)
        try:
            notice = loads(body)
        except ValueError as error:
            raise Refused(_REFUSED, cause="the body is no JSON") from error
        key = await self._key(kid)
        compact = dumps(notice, separators=(",", ":"), ensure_ascii=False).encode()
        if not any(_verifies(key, signature, data) for data in dict.fromkeys((compact, body))):
            raise Refused(_REFUSED, cause="the signature does not fit")
        return (hint_of(notice),)

    def challenge(self, code: str, endpoint: str) -> str:
        """The answer to eBay's `challenge_code`, as hex. `endpoint` is our address as it stands at eBay."""
        return sha256(f"{code}{self._client.settings.verification_token}{endpoint}".encode()).hexdigest()

    async def _key(self, kid: str) -> EllipticCurvePublicKey:
        now = self._clock()
        known = self._keys.get(kid)
        if known and known.until > now:
            return known.public
        asking = self._asking.get(kid)
        if asking is None:  # a burst of notifications names one key, which is asked for once
            asking = self._asking[kid] = asyncio.ensure_future(self._ask(kid, now))
            asking.add_done_callback(lambda _: self._asking.pop(kid, None))
        return await asyncio.shield(asking)

    async def _ask(self, kid: str, now: float) -> EllipticCurvePublicKey:
        self._asked = [at for at in self._asked if at > now - 60]
        if len(self._asked) >= KEYS_A_MINUTE:
            raise Busy(Told("Too many notifications name keys that I do not know."), retry_after=60)
        self._asked.append(now)
        try:
            answer = await self._client.as_app("GET", f"{self._client.settings.notification}/public_key/{kid}")
        except Missing as error:
            raise Refused(_REFUSED, cause="eBay does not know the key") from error
        found = answer.object()
        public = _public_key(str(found.get("key", "")))
        self._keys = {name: one for name, one in self._keys.items() if one.until > now}
        self._keys[kid] = _Key(public, now + KEY_SECONDS)
        return public


def hint_of(notice: Any) -> Hint:
    """The meaning of a proven notification."""
    if not isinstance(notice, dict) or not isinstance(notice.get("notification"), dict):
        raise Refused(Told("This notification has no content that I understand."), cause="no notification object")
    topic = str((notice.get("metadata") or {}).get("topic", ""))
    notification = notice["notification"]
    event = str(notification.get("notificationId") or sha256(dumps(notice, sort_keys=True).encode()).hexdigest())
    data = notification.get("data")
    data = data if isinstance(data, dict) else {}
    match topic:
        case "ORDER_CONFIRMATION" | "ITEM_MARKED_SHIPPED":
            order = str(_part(data, "order").get("orderId") or "")
            return Hint(event, "order" if order else "orders", order, str(_part(data, "user").get("userId") or ""))
        case "MARKETPLACE_ACCOUNT_DELETION":
            return Hint(event, "account_deletion", _names_of(data), "")
        case _:
            return Hint(event, "ignored")


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the payload of an order: `user` is the seller (`userId`, `username`), `order` has `orderId` and `orderLineItems`, as
    deliveries that were captured in public show (2026-06); eBay's documents leave the payload out."""
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _signature(header: str) -> tuple[str, bytes]:
    """Key id and signature of the header, which is JSON in base64."""
    try:
        found = loads(b64decode(header, validate=True))
        kid, signature = found["kid"], b64decode(found["signature"], validate=True)
    except (ValueError, TypeError, KeyError) as error:
        raise Refused(_REFUSED, cause="no readable signature") from error
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise Refused(_REFUSED, cause="no readable key id")
    return kid, signature


def _public_key(text: str) -> EllipticCurvePublicKey:
    """eBay gives PEM on one line; the library wants its head and foot on lines of their own."""
    inner = re.sub(r"-----(BEGIN|END) PUBLIC KEY-----|\s", "", text)
    pem = f"-----BEGIN PUBLIC KEY-----\n{inner}\n-----END PUBLIC KEY-----\n"
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise Refused(_REFUSED, cause="eBay's key cannot be read") from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise Refused(_REFUSED, cause="eBay's key is not an elliptic curve's")
    return key


def _verifies(key: EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data, ECDSA(SHA1()))  # noqa: S303 - eBay signs with SHA-1
    except InvalidSignature:
        return False
    return True


def _names_of(data: Mapping[str, Any]) -> str:
    """Everything that orders may call this user by: the name, or the immutable id that eBay gives some developers instead."""
    return "\n".join(str(data[name]) for name in ("username", "userId") if data.get(name))
