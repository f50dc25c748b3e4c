"""A chart as data: bars with what is written on them. Its words are in the reader's language already."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` is minor units, and may be negative; `said` is how it is written beside the bar ("" for not at all)."""

    label: str
    value: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars that stand on a line of time, or `lying` ones one below the other, each with its name. `ticks` are the values of the scale and
    how they are written. `alt` says in words what the picture shows."""

    title: str
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[int, str], ...] = ()
    lying: bool = False
    alt: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
