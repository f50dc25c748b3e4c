"""What will happen in a run: everything that is random comes from the seeds, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from random import Random
from typing import Any

MARKETS = ("ebay", "shopify")
# A seed's items by number, and how many there are of each. Seeds that are played together have a block of such items each.
BLOCK = {1: 1, 2: 1, 3: 1, 4: 1, 5: 3, 6: 2}
ROUNDS = 3
AFTER_SALE = ("pay", "cancel", "ship", "cancel_order", "deliver", "ask_back", "refund", "give_back", "decide", "take_over", "tick")
# In one round, however many seeds are played together: nothing would ever be sold otherwise.
AT_MOST = {"blow": 2, "webhook": 2, "call": 1}


def stock(blocks: int) -> dict[int, int]:
    """How many there are of each item."""
    return {number + block * len(BLOCK): quantity for block in range(blocks) for number, quantity in BLOCK.items()}


@dataclass(frozen=True)
class Step:
    """`what` is the name of a deed of `people.py` or `run.py`. `text` is a command in which {item} stands for the item's number.

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
        named = self.text.format(item=self.item)
        parts = [self.what, named, f"item {self.item}" if self.item else "", self.market, f"{self.number:g}" if self.number else ""]
        told = " ".join(part for part in parts if part)
        return f"{told} {self.more}" if self.more else told


Round = list[list[Step]]  # faults, and what is done in three phases


def steps(seeds: Sequence[int], rounds: int = ROUNDS, *, several: bool = False) -> list[Step]:
    """A whole run: publishing, sales, faults and kills, in an order that somebody unlucky may meet.

    Several seeds are played at once, each on items of its own; they share the faults and the kills. With `several` processes some are
    frozen too.
    """
    plans = [_rounds(seed, block * len(BLOCK), rounds, several=several) for block, seed in enumerate(seeds)]
    return [step for together in zip(*plans, strict=True) for step in _merged(together)]


def _rounds(seed: int, shift: int, rounds: int, *, several: bool) -> list[Round]:
    """The rounds of one seed."""
    dice = Random(seed)
    waiting = sorted(dice.sample(sorted(BLOCK), dice.randint(3, 6)))
    up: list[int] = []
    made: list[Round] = []
    for place in range(rounds):
        share = len(waiting) if place == rounds - 1 else dice.randint(1, len(waiting)) if waiting else 0
        fresh, waiting = waiting[:share], waiting[share:]
        up += fresh
        deeds = [Step("say", one, text="/publish {item}") for one in fresh]
        deeds += [deed for one in up for deed in _deeds(dice, one, fresh=one in fresh)]
        deeds += [deed for one in up for deed in (*_orders(dice, one), *_elsewhere(dice, one))]
        deeds += list(_blows(dice, several=several))
        if dice.random() < 0.4:
            deeds.append(Step("compare", number=dice.randint(0, 8)))
        faults, phases = _faults(dice), _phases(dice, deeds)
        if fresh and dice.random() < 0.3:
            phases[2] += _in_flight(dice, fresh)
        made.append([[replace(one, item=one.item + shift) if one.item else one for one in part] for part in (faults, *phases)])
    return made


def _merged(rounds: Sequence[Round]) -> Iterator[Step]:
    """One round of several seeds: phase by phase, a step of each in turn. Pauses, faults and blows are for all of them."""
    spent: Counter[str] = Counter()
    for place, phase in enumerate(zip(*rounds, strict=True)):  # faults come first
        if place > 1:
            yield Step("until", text=("up", "heard")[place - 2])
        for together in zip_longest(*phase):
            there = [one for one in together if one is not None]
            for one in there:
                kind = _kind(one)
                spent[kind] += 1
                if len(rounds) == 1 or (kind != "wait" and spent[kind] <= AT_MOST.get(kind, spent[kind])):
                    yield one
            if len(rounds) > 1:
                yield from [one for one in there if one.what == "wait"][:1]
    yield Step("calm")


def _kind(step: Step) -> str:
    if step.what == "fault" and "operation" not in step.more:
        return "webhook" if step.more["kind"].startswith("webhook") else "call"
    return "blow" if step.what in ("kill", "freeze", "kill_market") else step.what


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
    return {**made, "probability": round(dice.uniform(0.05, 0.3), 2)}


def _in_flight(dice: Random, fresh: Sequence[int]) -> Iterator[Step]:
    """A thing goes up again while somebody buys it where it went up sooner."""
    item, slow = dice.choice(fresh), dice.choice(MARKETS)
    operation = {"ebay": "publishOffer", "shopify": "publishablePublish"}[slow]
    fault = {"kind": "latency", "marketplace": slow, "operation": operation, "seconds": 1.5, "count": 1}
    quick = MARKETS[1 - MARKETS.index(slow)]
    yield Step("fault", more=fault)
    yield Step("say", item, text="/delist {item}")
    yield Step("say", item, text="/publish {item}")
    yield Step("buy", item, quick, number=3, more={"paid": dice.random() < 0.7})


def _deeds(dice: Random, item: int, *, fresh: bool) -> Iterator[Step]:
    """What buyers and the seller do with an item in one round."""
    if dice.random() < 0.5:
        bought = dice.sample(MARKETS, 2) if dice.random() < 0.25 else [dice.choice(MARKETS)]
        for market in bought:
            yield Step("buy", item, market, number=dice.choice((0, 1, 4)), more={"paid": dice.random() < 0.7})
    if dice.random() < 0.15:
        yield Step("rush", item, more={"paid": dice.random() < 0.7})
    if dice.random() < 0.25:
        yield Step("tick", item)
    if fresh:
        return
    if dice.random() < 0.3:
        yield Step("say", item, text=f"/price {{item}} {dice.randint(50, 99)}")
    if dice.random() < 0.12:
        yield Step("say", item, text="/delist {item}")
    if dice.random() < 0.2:
        yield Step("say", item, text="/publish {item}")
    if BLOCK[item] > 1 and dice.random() < 0.4:
        yield Step("say", item, text=dice.choice(("/stock {item} +1 found one", "/stock {item} +2", "/stock {item} -1 broken")))


def _orders(dice: Random, item: int) -> Iterator[Step]:
    """What becomes of an item's orders. Where there is none, nothing does."""
    for what, often in (("pay", 0.5), ("cancel", 0.2), ("ship", 0.5), ("cancel_order", 0.2), ("deliver", 0.15), ("ask_back", 0.1)):
        if dice.random() < often:
            yield Step(what, item)
    if dice.random() < 0.4:
        yield Step("refund", item, more={"amount": dice.choice(("", "5", "7.50")), "twice": dice.random() < 0.5})
    if dice.random() < 0.2:
        yield Step("give_back", item, more={"amount": dice.choice(("", "3.00"))})


def _elsewhere(dice: Random, item: int) -> Iterator[Step]:
    """What the seller does on the marketplaces' own sites, and answers when asked about it."""
    market = dice.choice(MARKETS)
    if dice.random() < 0.12:
        yield Step("edit", item, market, more={"price": f"{dice.randint(101, 140)}.00"})
    if BLOCK[item] > 1 and dice.random() < 0.12:
        yield Step("edit", item, market, more={"quantity": dice.randint(1, 2)})
    if dice.random() < 0.06:
        yield Step("end", item, market)
    if dice.random() < 0.05:
        yield Step("orphan", market=market, more={"title": f"Handmade {dice.randint(1, 10**9)}", "price": "33.00"})
    if dice.random() < 0.2:
        yield Step("decide", item, more={"choice": dice.randint(0, 2)})
    if dice.random() < 0.05:
        yield Step("take_over")


def _blows(dice: Random, *, several: bool) -> Iterator[Step]:
    """Kills, each after so many calls that the marketplaces have got since the step before."""
    for _ in range(dice.choice((0, 1, 1, 2))):
        yield Step("kill", number=dice.randint(0, 12), more={"who": dice.randint(0, 5)})
    if dice.random() < 0.15:
        yield Step("kill_market", number=dice.randint(0, 12))
    if several:
        yield Step("freeze", number=dice.randint(0, 12), more={"who": dice.randint(0, 5)})


def _phases(dice: Random, deeds: list[Step]) -> Round:
    """Mostly an item is published before somebody buys it, and bought before anything becomes of its order; now and then there is a pause.

    Between the three everybody waits for the one before to show, for a while: what comes first is not always first.
    """
    made: Round = [[], [], []]
    for step in dice.sample(deeds, len(deeds)):
        phase = _phase(step) if dice.random() < 0.85 else dice.randint(0, 2)
        made[phase].append(step)
        if dice.random() < 0.3:
            made[phase].append(Step("wait", number=dice.randint(1, 14)))
    return made


def _phase(step: Step) -> int:
    if step.text.startswith("/publish"):
        return 0
    return 2 if step.what in AFTER_SALE else 1
