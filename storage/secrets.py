"""Sealing credentials and personal data: AES-256-GCM, a key id in front, so that keys can be changed without losing anything.

A sealed value is `key id (8 bytes) | nonce (12) | ciphertext and tag`. What it belongs to (the row's id) is authenticated with it,
so that a sealed value cannot be moved to another row.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Invalid


class Keyring:
    """The keys, newest first: the first seals, all of them open. A key is 32 bytes."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise Invalid("The secret key must be 64 hex digits. Make one with: python -c 'import secrets; print(secrets.token_hex(32))'")
        self._keys = {_key_id(key): key for key in reversed(keys)}
        self._newest = keys[0]
        # Search must outlive a rotation, so its key comes from the oldest one, which stays at the end of the list.
        self._search = hmac.digest(keys[-1], b"haggle exact search", "sha256")

    def seal(self, data: Mapping[str, Any], owner: str) -> bytes:
        """Encrypt JSON for the row `owner`."""
        nonce = os.urandom(12)
        text = json.dumps(data, separators=(",", ":")).encode()
        return _key_id(self._newest) + nonce + AESGCM(self._newest).encrypt(nonce, text, owner.encode())

    def open(self, sealed: bytes, owner: str) -> dict[str, Any]:
        """Decrypt. Empty bytes are an empty mapping. Raises `Invalid` when the key is unknown or the bytes were changed."""
        if not sealed:
            return {}
        key = self._keys.get(sealed[:8])
        if key is None:
            raise Invalid("This value was sealed with a key that is not in HAGGLE_SECRET_KEY. Put the old key back, after the new one.")
        try:
            plain = AESGCM(key).decrypt(sealed[8:20], sealed[20:], owner.encode())
        except InvalidTag as error:
            raise Invalid("A sealed value was changed from outside and cannot be opened.") from error
        opened: dict[str, Any] = json.loads(plain)
        return opened

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""
        return not sealed or sealed[:8] == _key_id(self._newest)

    def search_key(self, value: str) -> str:
        """A keyed hash that finds a value exactly without storing it."""
        return hmac.new(self._search, value.strip().casefold().encode(), "sha256").hexdigest() if value.strip() else ""


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"haggle key id" + key).digest()[:8]


def parse_keys(text: str) -> list[bytes]:
    """Keys as written in HAGGLE_SECRET_KEY: 64 hex digits each, newest first, separated by commas."""
    try:
        return [bytes.fromhex(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise Invalid("HAGGLE_SECRET_KEY must be 64 hex digits (several, newest first, separated by commas).") from error


def key_of_folder(folder: Path) -> list[bytes]:
    """The data folder's own key, made at the first start and readable by its owner only."""
    path = folder / "secret.key"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    return parse_keys(path.read_text().replace("\n", ","))


def hash_token(token: str) -> str:
    """How one-time codes and cookies are stored."""
    return hashlib.sha256(b"haggle token " + token.encode()).hexdigest()
