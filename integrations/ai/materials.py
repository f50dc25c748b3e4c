"""What something is made of, as care labels print it: "100% COTTON", "80% Baumwolle 20% Polyester". Pure."""

from __future__ import annotations

import re

from integrations.ai import looks

_SHARE = re.compile(r"(\d{1,3})\s?%\s?((?:[^\W\d_]+[ -]?){1,3})")
_PHRASES = {
    "genuine leather": "Leather", "real leather": "Leather", "full grain leather": "Leather", "vero cuoio": "Leather",
    "sterling silver": "Sterling Silver", "stainless steel": "Stainless Steel", "solid wood": "Wood",
}  # fmt: skip

SHARES, PHRASE = 0.95, 0.8


def find(text: str) -> tuple[str, float] | None:
    """ "80% Cotton, 20% Polyester" and how sure that is; None when the text names no material. The first parts that make
    up 100 % count: what follows is the lining, or the same in another language."""
    fibres = looks.vocabulary("material").names
    parts: dict[str, int] = {}
    for share, name in _SHARE.findall(text):
        fibre = next((fibres[word] for word in name.casefold().replace("-", " ").split() if word in fibres), "")
        if fibre and fibre not in parts and 0 < int(share) <= 100 - sum(parts.values()):
            parts[fibre] = int(share)
    if parts:
        return ", ".join(f"{share}% {fibre}" for fibre, share in parts.items()), SHARES
    plain = text.casefold()
    return next(((name, PHRASE) for phrase, name in _PHRASES.items() if phrase in plain), None)
