"""What will happen in a run: everything that is random comes from the seed, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

MARKETS = ("ebay", "shopify")
# Items of the template by number, and how many there are of each.
STOCK = {1: 1, 2: 1, 3: 1, 4: 1, 5: 3, 6: 2}
ROUNDS = 3


@dataclass(frozen=True)
class Step:
    """`what`: say (a command), buy, cancel (an order), tick (a task), fault, calm (no faults), wait, kill, freeze, kill_market.

    `number`: calls that the marketplaces get before it happens; for `buy` the seconds that the buyer goes on trying.
    `more["who"]` says which of several processes is meant.
    """

    what: str
    item: int = 0
    market: str = ""
    text: str = ""
    number: float = 0
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [self.what, self.text, f"item {self.item}" if self.item else "", self.market, f"{self.number:g}" if self.number else ""]
        told = " ".join(part for part in parts if part)
        return f"{told} {self.more}" if self.more else told


def steps(seed: int, rounds: int = ROUNDS, *, several: bool = False) -> list[Step]:
    """The whole run of a seed: publishing, sales, faults and kills, in an order that somebody unlucky may meet.

    With `several` processes some are frozen too.
    """
    dice = Random(seed)
    items = sorted(dice.sample(sorted(STOCK), dice.randint(3, 6)))
    made: list[Step] = []
    waiting = list(items)
    up: list[int] = []
    for place in range(rounds):
        made += _faults(dice)
        share = len(waiting) if place == rounds - 1 else dice.randint(1, len(waiting)) if waiting else 0
        fresh, waiting = waiting[:share], waiting[share:]
        up += fresh
        deeds = [Step("say", one, text=f"/publish {one}") for one in fresh]
        deeds += [deed for one in up for deed in _deeds(dice, one, fresh=one in fresh)]
        deeds += list(_blows(dice))
        if several:
            deeds.append(Step("freeze", number=dice.randint(0, 12), more={"who": dice.randint(0, 5)}))
        made += _shuffled(dice, deeds)
        made.append(Step("calm"))
    return made


def _faults(dice: Random) -> list[Step]:
    return [Step("fault", more=_fault(dice)) for _ in range(dice.choice((0, 1, 2, 2, 3)))]


def _fault(dice: Random) -> dict[str, Any]:
    kind = dice.choice(
        ("error500", "busy", "drop", "latency", "hang", "webhook_lost", "webhook_duplicate", "webhook_delay", "webhook_reorder")
    )
    made: dict[str, Any] = {"kind": kind, "marketplace": dice.choice((*MARKETS, "*")), "seed": dice.randint(1, 10**6)}
    if kind == "hang":
        return {**made, "count": dice.randint(1, 2), "probability": 0.3}
    if kind.startswith("webhook"):
        return {**made, "probability": dice.choice((0.4, 1.0)), "seconds": round(dice.uniform(0.2, 2), 2)}
    if kind == "busy":
        made["retry_after"] = round(dice.uniform(0.2, 2), 2)
    if kind == "latency":
        return {**made, "seconds": round(dice.uniform(0.05, 0.5), 2)}
    return {**made, "probability": round(dice.uniform(0.1, 0.5), 2)}


def _deeds(dice: Random, item: int, *, fresh: bool) -> Iterator[Step]:
    """What buyers and the seller do with an item in one round."""
    if dice.random() < 0.55:
        bought = dice.sample(MARKETS, 2) if dice.random() < 0.25 else [dice.choice(MARKETS)]
        for market in bought:
            yield Step("buy", item, market, number=dice.choice((0, 1, 4)), more={"paid": dice.random() < 0.85})
    if dice.random() < 0.25:
        yield Step("tick", item)
    if fresh:
        return
    if dice.random() < 0.25:
        yield Step("cancel", item)
    if dice.random() < 0.3:
        yield Step("say", item, text=f"/price {item} {dice.randint(50, 99)}")
    if dice.random() < 0.12:
        yield Step("say", item, text=f"/delist {item}")
    if dice.random() < 0.2:
        yield Step("say", item, text=f"/publish {item}")


def _blows(dice: Random) -> Iterator[Step]:
    """Kills, each after so many calls that the marketplaces have got since the step before."""
    for _ in range(dice.choice((0, 1, 1, 2))):
        yield Step("kill", number=dice.randint(0, 12), more={"who": dice.randint(0, 5)})
    if dice.random() < 0.15:
        yield Step("kill_market", number=dice.randint(0, 12))


def _shuffled(dice: Random, deeds: list[Step]) -> list[Step]:
    """In any order, but an item is published before anything else is done with it; now and then there is a pause."""
    order = list(deeds)
    dice.shuffle(order)
    order.sort(key=lambda step: step.text.startswith("/publish") and dice.random() < 0.8, reverse=True)
    made: list[Step] = []
    for step in order:
        made.append(step)
        if dice.random() < 0.6:
            made.append(Step("wait", number=dice.randint(1, 14)))
    return made
