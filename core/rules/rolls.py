"""Parting a camera roll into items: what was photographed in one go, and looks as if it belonged together.

Somebody who photographs things to sell takes a few pictures of one, puts it away, and takes the next. So the pauses tell most: long
ones part, short ones join, and what is long follows from the roll's own rhythm. Looks decide what pauses leave open: after a middling
pause what looks the same goes on, and within a short one a change that lasts begins another thing. A single odd picture parts
nothing: that is the label, or the sole. Nobody has to believe it: the proposal is confirmed on a card.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

MOST = 300  # photos of a roll
MOST_A_GROUP = 24  # photos of an item

USUAL = 45.0  # seconds that are a pause where a roll's rhythm tells nothing
SHORTEST, LONGEST = 10.0, 300.0  # between these lies what a roll's rhythm may make of it
APART = 2.0  # how many times longer pauses must be than what lies within an item, for the rhythm to tell something
MIDDLING = 4.0  # up to so many times a pause, looks may still join

COLOUR_BITS = 48  # the last ones of a look; the others are its shape (`storage/looks.py`)
LIKE_SHAPE, LIKE_COLOUR = 14, 6  # bits that may differ in two pictures of the same thing from about the same side
UNLIKE_SHAPE, UNLIKE_COLOUR = 18, 12  # bits that differ at least in pictures of different things


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo of a roll: its key, when it was taken (None: nobody knows), and its look ("": nobody knows)."""

    key: str
    taken: datetime | None = None
    look: str = ""


def lined_up(shots: Sequence[Shot]) -> list[Shot]:
    """In the order in which they were taken. One that does not say stays behind the one that it came after."""
    last = min((shot.taken for shot in shots if shot.taken), default=None)
    if last is None:
        return list(shots)
    placed: list[tuple[datetime, int]] = []
    for place, shot in enumerate(shots):
        last = shot.taken or last
        placed.append((last, place))
    return [shots[place] for _, place in sorted(placed)]


def parted(shots: Sequence[Shot]) -> list[list[str]]:
    """The keys of shots that are in their order, parted into items: every shot in one of them, none in two, the order kept."""
    pause = pause_of(shots)
    groups: list[list[Shot]] = []
    for place, shot in enumerate(shots):
        if not groups or len(groups[-1]) >= MOST_A_GROUP or _begins(groups[-1], shots[place : place + 2], pause):
            groups.append([shot])
        else:
            groups[-1].append(shot)
    return [[shot.key for shot in group] for group in groups]


def pause_of(shots: Sequence[Shot]) -> float:
    """How many seconds are a pause between two items, in this roll.

    Its gaps, as logarithms, are cut in two where the halves are most unlike (Otsu's method: most variance between them). When the
    longer ones are not much longer, or there are too few to tell, it is the usual pause.
    """
    gaps = [gap for one, two in pairwise(shots) if (gap := _gap(one, two)) is not None]
    logs = sorted(math.log(max(gap, 1.0)) for gap in gaps)
    best, cut = 0.0, 0
    for place in range(1, len(logs)):
        short, long = logs[:place], logs[place:]
        difference = sum(long) / len(long) - sum(short) / len(short)
        between = len(short) * len(long) * difference * difference
        if between > best + 1e-9:
            best, cut = between, place
    if not cut or logs[cut] - logs[cut - 1] < math.log(APART):
        return USUAL
    return min(max(math.exp((logs[cut - 1] + logs[cut]) / 2), SHORTEST), LONGEST)


def _begins(group: Sequence[Shot], coming: Sequence[Shot], pause: float) -> bool:
    """Whether the first of what comes begins another item than the group's."""
    shot = coming[0]
    gap = _gap(group[-1], shot)
    if gap is not None and gap > pause:
        return gap > pause * MIDDLING or not any(are_alike(shot, one) for one in group)
    # Within a short pause, or when nobody knows: a change that lasts.
    if not all(are_unlike(shot, one) for one in group):
        return False
    if len(coming) < 2:
        return gap is None  # the last one: only its time could have joined it
    after = _gap(shot, coming[1])
    if after is not None and after > pause:
        return False  # an odd picture before a pause is the label
    return are_alike(shot, coming[1]) or (gap is None and all(are_unlike(coming[1], one) for one in (*group, shot)))


def _gap(one: Shot, two: Shot) -> float | None:
    return abs((two.taken - one.taken).total_seconds()) if one.taken and two.taken else None


def are_alike(one: Shot, two: Shot) -> bool:
    """Whether both pictures surely show the same."""
    distance = differ(one.look, two.look)
    return distance is not None and distance[0] <= LIKE_SHAPE and distance[1] <= LIKE_COLOUR


def are_unlike(one: Shot, two: Shot) -> bool:
    """Whether the pictures surely show different things: both their shapes and their colours differ, or one of them by much."""
    distance = differ(one.look, two.look)
    if distance is None:
        return False
    shape, colour = distance
    return (shape >= UNLIKE_SHAPE and colour >= UNLIKE_COLOUR) or colour >= 2 * UNLIKE_COLOUR


def differ(one: str, two: str) -> tuple[int, int] | None:
    """By how many bits two looks differ: of their shape, of their colour. None when one of them is unknown."""
    if not one or not two:
        return None
    bits = int(one, 16) ^ int(two, 16)
    return (bits >> COLOUR_BITS).bit_count(), (bits & (1 << COLOUR_BITS) - 1).bit_count()


def split(groups: Sequence[Sequence[str]], key: str) -> list[list[str]]:
    """The photo begins an item of its own, with those behind it. Nothing changes when it is the first of one, or of none."""
    made: list[list[str]] = []
    for group in groups:
        place = list(group).index(key) if key in group else 0
        made += [part for part in (list(group[:place]), list(group[place:])) if part]
    return made


def join(groups: Sequence[Sequence[str]], first: str) -> list[list[str]]:
    """The item that begins with this photo joins the one before it. Nothing changes when none begins so, or none is before."""
    made: list[list[str]] = []
    for group in groups:
        if made and group[0] == first:
            made[-1] += group
        else:
            made.append(list(group))
    return made
