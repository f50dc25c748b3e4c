"""Draws charts, in the helper child only (`storage/helper_child.py`): JSON of a `core.values.chart.Chart` in, two PNGs out.

Sizes are points of a phone: 400 wide, drawn at twice that.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH, HEIGHT, ROW = 400, 290, 38  # points: of a chart that stands, and of each bar that lies
POINTS = 72  # an inch
SHARP = 2 * POINTS
MOST_SAID = 8  # standing bars that each have their value written above
ROOM, LETTER = 330, 7.5  # points below standing bars, and of one letter there
NAME = 34  # letters of a lying bar's name

mpl.use("agg")


@dataclass(frozen=True, slots=True)
class Look:
    """The page's own colours (`bot/http/static/chat.css`)."""

    paper: str
    ink: str
    muted: str
    line: str
    bar: str
    loss: str


LIGHT = Look("#ffffff", "#1e2326", "#5f676c", "#dedbd2", "#0f766e", "#b3261e")
DARK = Look("#1c2023", "#e9ebeb", "#a0a8ac", "#323a3e", "#4fc0b3", "#ff9a90")


def draw(values: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """The light picture and the dark one."""
    return {}, [_picture(values, look) for look in (LIGHT, DARK)]


def _picture(chart: Mapping[str, Any], look: Look) -> bytes:
    bars: Sequence[Mapping[str, Any]] = chart["bars"]
    height = max(HEIGHT // 2, 70 + ROW * len(bars)) if chart["lying"] else HEIGHT
    figure = Figure(figsize=(WIDTH / POINTS, height / POINTS), dpi=SHARP, facecolor=look.paper)
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.15)
    axes = figure.add_subplot(facecolor=look.paper)
    axes.set_title(chart["title"], loc="left", color=look.ink, fontsize=14.5, fontweight="bold", pad=12, parse_math=False)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, colors=look.muted, labelsize=12)
    (_lying if chart["lying"] else _standing)(axes, bars, chart["ticks"], look)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})  # the same figures are the same bytes
    return out.getvalue()


def _standing(axes: Axes, bars: Sequence[Mapping[str, Any]], ticks: Sequence[Sequence[Any]], look: Look) -> None:
    places = range(len(bars))
    drawn = axes.bar(places, [bar["value"] for bar in bars], color=_colours(bars, look), width=0.72)
    said = [bar["said"] if len(bars) <= MOST_SAID and bar["value"] else "" for bar in bars]
    _escape(axes.bar_label(drawn, said, color=look.ink, fontsize=12.5, padding=3))
    axes.set_yticks([tick[0] for tick in ticks], [tick[1] for tick in ticks])
    axes.grid(axis="y", color=look.line, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.axhline(0, color=look.muted, linewidth=1)
    fit = max(2, int(ROOM / (max(len(bar["label"]) for bar in bars) * LETTER + 10)))
    every = -(-len(bars) // fit)
    shown = [place for place in places if (len(bars) - 1 - place) % every == 0]
    axes.set_xticks(shown, [bars[place]["label"] for place in shown])
    axes.margins(x=0.02, y=0.14)
    _escape([*axes.get_xticklabels(), *axes.get_yticklabels()])


def _lying(axes: Axes, bars: Sequence[Mapping[str, Any]], _ticks: Sequence[Sequence[Any]], look: Look) -> None:
    """Names above their bars: beside them a phone has no room."""
    places = range(len(bars))
    drawn = axes.barh(places, [bar["value"] for bar in bars], color=_colours(bars, look), height=0.36)
    _escape(axes.bar_label(drawn, [bar["said"] for bar in bars], color=look.ink, fontsize=13, padding=4))
    left = min(0, *(bar["value"] for bar in bars))
    for place, bar in enumerate(bars):
        name = bar["label"] if len(bar["label"]) <= NAME else bar["label"][: NAME - 1] + "…"
        axes.text(left, place - 0.22, name, color=look.muted, fontsize=12.5, va="bottom", ha="left", parse_math=False)
    axes.axvline(0, color=look.line, linewidth=1, zorder=0)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_ylim(len(bars) - 0.6, -0.9)
    axes.margins(x=0.2)


def _escape(texts: Sequence[Any]) -> None:
    """A dollar sign begins no formula."""
    for one in texts:
        one.set_parse_math(False)


def _colours(bars: Sequence[Mapping[str, Any]], look: Look) -> list[str]:
    return [look.loss if bar["value"] < 0 else look.bar for bar in bars]


JOBS: Mapping[str, Callable[[dict[str, Any], list[bytes]], tuple[dict[str, Any], list[bytes]]]] = {"draw": draw}
