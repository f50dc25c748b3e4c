"""A maker of papers for surfaces that are tested without the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import HaggleError
from core.ports import Paper
from core.values.card import CardFile


@dataclass
class Drawer:
    """Whatever is asked for is there, unless its `kind` is in `lacks`. `asked` counts what was made."""

    lacks: dict[str, HaggleError] = field(default_factory=dict)
    asked: list[CardFile] = field(default_factory=list)

    async def make(self, file: CardFile) -> Paper:
        if file.kind in self.lacks:
            raise self.lacks[file.kind]
        self.asked.append(file)
        return Paper(file.name, "application/pdf", b"%PDF- " + file.about.encode())
