"""The error ids that eBay's documents give each operation."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.requires import specs

# Seen on the wire by many clients, though the documents leave them out: a second offer for a SKU (it names the first), no offers for a SKU.
_SEEN = {("POST", "/offer"): {25002}, ("GET", "/offer"): {25713}}


def known_ids(document: str, method: str, template: str) -> set[int]:
    """The ids of `document` (a file's name without `_oas3.json`) for one operation, whatever its status."""
    found = _all().get(f"{document}_oas3.json", {}).get(f"{method} {template}", {})
    return {int(one) for ids in found.values() for one in ids} | _SEEN.get((method, template), set())


@cache
def _all() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((specs() / "ebay" / "error-codes-extracted.json").read_text())
    return read
