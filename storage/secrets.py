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

KEY_ID = 8  # bytes
TEXT = 20  # where the ciphertext begins


class Keyring:
    """The keys, newest first: the first seals, all of them open. A key is 32 bytes."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise Invalid("The secret key must be 64 hex digits. Make one with: python -c 'import secrets; print(secrets.token_hex(32))'")
        self._keys = {_key_id(key): key for key in keys}
        self._newest = keys[0]
        self._search = tuple(hmac.digest(key, b"haggle exact search", "sha256") for key in keys)

    @property
    def ids(self) -> tuple[bytes, ...]:
        """What the values begin with that each key sealed, newest first."""
        return tuple(self._keys)

    def seal(self, data: Mapping[str, Any], owner: str) -> bytes:
        """Encrypt JSON for the row `owner`."""
        nonce = os.urandom(TEXT - KEY_ID)
        text = json.dumps(data, separators=(",", ":")).encode()
        return _key_id(self._newest) + nonce + AESGCM(self._newest).encrypt(nonce, text, owner.encode())

    def open(self, sealed: bytes, owner: str) -> dict[str, Any]:
        """Decrypt. Empty bytes are an empty mapping. Raises `Invalid` when the key is unknown or the bytes were changed."""
        if not sealed:
            return {}
        key = self._keys.get(sealed[:KEY_ID])
        if key is None:
            raise Invalid("This value was sealed with a key that is not in HAGGLE_SECRET_KEY. Put the old key back, after the new one.")
        try:
            plain = AESGCM(key).decrypt(sealed[KEY_ID:TEXT], sealed[TEXT:], owner.encode())
        except InvalidTag as error:
            raise Invalid("A sealed value was changed from outside and cannot be opened.") from error
        opened: dict[str, Any] = json.loads(plain)
        return opened

    def search_key(self, value: str) -> str:
        """A keyed hash that finds a value exactly without storing it; empty for nothing. Made with the newest key."""
        return (self.search_keys(value) or ("",))[0]

    def search_keys(self, value: str) -> tuple[str, ...]:
        """Under which hashes a value may be stored, newest key first: rows are hashed anew some time after a key was added."""
        plain = value.strip().casefold().encode()
        return tuple(hmac.new(key, plain, "sha256").hexdigest() for key in self._search) if plain else ()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"haggle key id" + key).digest()[:KEY_ID]


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
