"""Shopify's two signatures, HMAC-SHA256 with the app's secret: base64 over a webhook's raw body, hex over a callback's sorted query."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from integrations.shopify.settings import ShopifySettings


def body_is_genuine(body: bytes, claimed: str, settings: ShopifySettings) -> bool:
    """Whether `claimed` is the signature of a webhook's body, by the secret of now or the one before."""
    return _any_equal([b64encode(_digest(secret, body)).decode() for secret in _secrets(settings)], claimed.strip())


def query_is_genuine(query: Mapping[str, str], settings: ShopifySettings) -> bool:
    """Whether a callback's query, its values decoded, carries Shopify's `hmac`."""
    text = "&".join(f"{name}={value}" for name, value in sorted(query.items()) if name not in {"hmac", "signature"})
    return _any_equal([_digest(secret, text.encode()).hex() for secret in _secrets(settings)], query.get("hmac", ""))


def _secrets(settings: ShopifySettings) -> list[str]:
    return [secret for secret in (settings.client_secret, settings.previous_secret) if secret]


def _digest(secret: str, message: bytes) -> bytes:
    return hmac.new(secret.encode(), message, sha256).digest()


def _any_equal(expected: list[str], claimed: str) -> bool:
    """Compared in constant time."""
    return any(hmac.compare_digest(one.encode(), claimed.encode()) for one in expected)
