"""Switchable faults. A fault names what goes wrong, where, and how often; the dice are seeded so that a run can be repeated."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from integrations.sandbox.store import Store

CALL_KINDS = ("error500", "busy", "hang", "drop", "latency")
WEBHOOK_KINDS = ("webhook_duplicate", "webhook_delay", "webhook_reorder", "webhook_lost")


@dataclass(slots=True)
class Fault:
    """One fault that is switched on.

    `kind`: error500 (before any work), busy (429), hang (the work is done, the answer never comes: the connection stays open until
    the client gives up), drop (the work is done, the connection breaks), latency (`seconds` more), webhook_duplicate, webhook_delay
    (`seconds`), webhook_reorder (after the next one, or after `seconds`), webhook_lost. `operation` is a pattern with * over the
    operation's name (a webhook's topic). `count` is how many times it still strikes, None for ever.
    """

    id: str
    kind: str
    marketplace: str = "*"
    operation: str = "*"
    probability: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    retry_after: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in CALL_KINDS + WEBHOOK_KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}; there are {', '.join(CALL_KINDS + WEBHOOK_KINDS)}")
        if not 0 <= self.probability <= 1:
            raise ValueError("probability is from 0 to 1")


class Faults:
    """The faults that are on. They survive a restart (their dice start again from the seed)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._load()

    def _load(self) -> None:
        self._on = {key: Fault(**doc) for key, doc in self._store.all("fault").items()}
        self._dice = {key: Random(f"{one.seed}:{place}") for place, (key, one) in enumerate(self._on.items(), 1)}

    def add(self, **wish: Any) -> Fault:
        """Switch one on. Raises ValueError or TypeError on a bad wish."""
        fault = Fault(id=str(self._store.number("fault", 1)), **wish)
        self._on[fault.id] = fault
        # The position, not the id, goes into the dice: after a reset the same faults fall the same way.
        self._dice[fault.id] = Random(f"{fault.seed}:{len(self._on)}")
        self._store.put("fault", fault.id, asdict(fault))
        return fault

    def clear(self) -> None:
        self._on.clear()
        self._dice.clear()
        self._store.wipe("fault")

    def all(self) -> list[Fault]:
        return list(self._on.values())

    def strike(self, kinds: tuple[str, ...], marketplace: str, operation: str) -> list[Fault]:
        """The faults of these kinds that strike now; each one counts down."""
        return [one for one in list(self._on.values()) if one.kind in kinds and self._hits(one, marketplace, operation)]

    def _hits(self, fault: Fault, marketplace: str, operation: str) -> bool:
        if fault.count == 0 or not fnmatchcase(marketplace, fault.marketplace) or not fnmatchcase(operation, fault.operation):
            return False
        if fault.probability < 1 and self._dice[fault.id].random() >= fault.probability:
            return False
        if fault.count is not None:
            fault.count -= 1
            self._store.put("fault", fault.id, asdict(fault))
        return True
