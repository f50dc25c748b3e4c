"""Words of print that are told apart by what they are, as data: `title_words.json`."""

from __future__ import annotations

import json
from importlib.resources import files

_WORDS = json.loads(files(__package__).joinpath("title_words.json").read_text("utf-8"))
ACRONYMS = frozenset(_WORDS["acronyms"])  # keep their capitals
NOISE = frozenset(_WORDS["noise"])  # mark care, law and trade instead of the product
