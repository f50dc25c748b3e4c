"""Sealed values open for their own row with a known key, and for nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.errors import Invalid
from storage.secrets import Keyring, hash_token, key_of_folder, parse_keys


def key() -> bytes:
    return os.urandom(32)


def test_what_was_sealed_opens_and_cannot_be_read_without_the_key() -> None:
    ring = Keyring([key()])
    sealed = ring.seal({"token": "abc", "n": 1}, "row 1")
    assert ring.open(sealed, "row 1") == {"token": "abc", "n": 1}
    assert b"abc" not in sealed
    assert sealed != ring.seal({"token": "abc", "n": 1}, "row 1"), "no two are alike"
    assert ring.open(b"", "row 1") == {}


def test_a_value_moved_to_another_row_does_not_open() -> None:
    ring = Keyring([key()])
    with pytest.raises(Invalid, match="changed from outside"):
        ring.open(ring.seal({"a": 1}, "row 1"), "row 2")


@pytest.mark.parametrize("place", [8, 19, 20, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    ring = Keyring([key()])
    sealed = bytearray(ring.seal({"a": 1}, "row 1"))
    sealed[place] ^= 1
    with pytest.raises(Invalid, match="changed from outside"):
        ring.open(bytes(sealed), "row 1")


def test_keys_can_be_changed_without_losing_anything() -> None:
    old, new = key(), key()
    before = Keyring([old])
    after = Keyring([new, old])
    sealed = before.seal({"a": 1}, "row")
    assert after.open(sealed, "row") == {"a": 1}
    assert sealed.startswith(after.ids[1])
    assert after.seal({"a": 1}, "row").startswith(after.ids[0])
    assert after.search_keys("Ann@Example.com ") == (after.search_key("ann@example.com"), before.search_key("ann@example.com"))
    with pytest.raises(Invalid, match="Put the old key back"):
        Keyring([new]).open(sealed, "row")


def test_search_keys_say_nothing_of_the_value() -> None:
    ring = Keyring([key()])
    assert "ann" not in ring.search_key("ann")
    assert ring.search_key("ann") != Keyring([key()]).search_key("ann")
    assert (ring.search_key("  "), ring.search_keys("")) == ("", ())


def test_keys_are_read_as_people_write_them() -> None:
    first, second = key(), key()
    assert parse_keys(f"{first.hex()}, {second.hex()},") == [first, second]
    with pytest.raises(Invalid, match="64 hex digits"):
        parse_keys("secret")
    with pytest.raises(Invalid, match="64 hex digits"):
        Keyring(parse_keys("abcd"))
    with pytest.raises(Invalid):
        Keyring([])


def test_a_folder_makes_its_key_once_for_its_owner_only(tmp_path: Path) -> None:
    made = key_of_folder(tmp_path)
    assert key_of_folder(tmp_path) == made
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert len(made[0]) == 32


def test_tokens_are_stored_as_hashes() -> None:
    token = os.urandom(16).hex()
    assert hash_token(token) == hash_token(token)
    assert token not in hash_token(token)
