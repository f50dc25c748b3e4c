"""Signs deliveries as eBay does: ECDSA over the SHA-1 of the body, in the header X-EBAY-SIGNATURE.

Source: validator.js of eBay's event-notification-nodejs-sdk (see specs/ebay/ebay-facts.md). The key pair is made at the first
start and stays in the sandbox's folder.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations.sandbox.ebay.answers import wire
from integrations.sandbox.market import Envelope
from integrations.sandbox.world import World


class Signer:
    """`kid` names the key in the header and in getPublicKey."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.kid = world.credential("ebay", "signing_kid", lambda: secrets.token_hex(16))
        key = serialization.load_pem_private_key(world.credential("ebay", "signing_key", _new_key).encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("sandbox.json holds a signing key of another kind: delete it there")
        self._key = key

    def public_key(self) -> str:
        """PEM on one line, as eBay gives it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode().replace("\n", "")

    def seal(self, payload: Mapping[str, Any], attempt: int) -> Envelope:
        """The compact JSON of the payload with this attempt's number and time, and its signature."""
        notification = {**payload["notification"], "publishDate": wire(self._world.now()), "publishAttemptCount": attempt}
        body = json.dumps({"metadata": payload["metadata"], "notification": notification}, separators=(",", ":")).encode()
        signature = self._key.sign(body, ec.ECDSA(hashes.SHA1()))  # noqa: S303  eBay's choice
        head = {"alg": "ecdsa", "kid": self.kid, "signature": base64.b64encode(signature).decode(), "digest": "SHA1"}
        packed = base64.b64encode(json.dumps(head, separators=(",", ":")).encode()).decode()
        return Envelope({"Content-Type": "application/json", "X-EBAY-SIGNATURE": packed}, body)


def _new_key() -> str:
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()
