"""One run: a seller sells, everything fails, the power goes; then the world calms down and the checker looks.

Moments are counted in calls that the marketplaces got, not in seconds, so that a seed strikes at about the same point of the
work on a slow machine and on a quick one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos import checker
from tests.chaos.people import Deed, Diary, People
from tests.chaos.plan import ROUNDS, Step, steps
from tests.chaos.rows import now
from tests.chaos.stage import Stage, Theatre

PATIENCE = 0.7  # seconds that a step waits for calls that perhaps never come
SHOWN_WITHIN = 12.0  # seconds that a round waits for what it goes on with
SETTLE_SECONDS = 90.0
STEADY = 2  # looks in a row that find nothing left to do
BROKEN = ("Traceback", "broke", "carrying failed", "claiming failed", "a tick failed")


class Failed(AssertionError):
    """What the checker found, and what had been done."""

    def __init__(self, seeds: Sequence[int], problems: list[str], told: list[str], folder: Path) -> None:
        lines = [f"{_named(seeds)} failed:", *(f"  - {one}" for one in problems), "what was done:", *(f"    {one}" for one in told)]
        again = f"--from {seeds[0]} --together {len(seeds)} --seeds {len(seeds)}" if len(seeds) > 1 else f"--seed {seeds[0]}"
        super().__init__("\n".join([*lines, f"folder: {folder}", f"again: python -m tests.chaos {again}"]))
        self.problems = problems


def run(seeds: Sequence[int], stage: Stage, folder: Path, *, rounds: int = ROUNDS) -> str:
    """Play seeds at the same time in a fresh folder. Answers a line about it; raises `Failed`."""
    began = time.monotonic()
    theatre = stage.open(folder)
    play = Play(theatre)
    try:
        for step in steps(seeds, rounds, several=stage.several):
            play.do(step)
        play.calm_down()
        problems = play.come_to_rest() or checker.check(theatre.sandbox.state(), theatre.rows, play.diary, stage.stock)
        problems += [one for log in sorted(folder.glob("*.log")) for one in _broken(log)]
        if not problems:
            problems += [f"a process ended with exit code {code} when it was asked to stop" for code in theatre.stop() if code]
        if problems:
            raise Failed(seeds, problems, play.told, folder)
        return f"{_named(seeds)}: {play.summary()}, {time.monotonic() - began:.0f} s"
    finally:
        play.close()


def _named(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


class Play:
    """Carries out steps. `told` is the diary for people, `diary` the one for the checker."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._people = People(theatre)
        self._began = time.monotonic()
        self._seen = 0
        self.froze = False
        self.told: list[str] = []
        trouble: dict[str, Deed] = {
            "fault": self._fault, "calm": self._calm, "wait": self._wait, "until": self._until, "kill": self._kill, "freeze": self._freeze,
            "kill_market": self._kill_market,
        }  # fmt: skip
        self._deeds = self._people.deeds | trouble

    @property
    def diary(self) -> Diary:
        return self._people.diary

    def close(self) -> None:
        self._people.close()
        self._theatre.close()

    def do(self, step: Step) -> None:
        if step.what == "compare":
            self._after(step.number)
        self._note(f"{step}{self._deeds[step.what](step)}")

    def _note(self, told: str) -> None:
        self.told.append(f"{time.monotonic() - self._began:.1f} {told}")

    # -- trouble

    def _fault(self, step: Step) -> str:
        more = dict(step.more)
        self._theatre.sandbox.fault(more.pop("kind"), **more)
        return ""

    def _calm(self, _: Step) -> str:
        for one in self._people.gone_home():
            self._note(one)
        self._theatre.sandbox.no_faults()
        return ""

    def _wait(self, step: Step) -> str:
        self._after(step.number)
        return ""

    def _until(self, step: Step) -> str:
        """Until something is up on both marketplaces, or every order is known here; faults may keep that from happening."""
        there = {"up": self._people.something_is_up, "heard": self._people.all_are_heard}[step.text]
        deadline = time.monotonic() + SHOWN_WITHIN
        while time.monotonic() < deadline:
            if there():
                return ""
            time.sleep(0.1)
        return ": not yet"

    def _kill(self, step: Step) -> str:
        self._after(step.number)
        self._theatre.restart(step.more["who"])
        return ""

    def _freeze(self, step: Step) -> str:
        """For longer than its leases hold: others take its work up, and it goes on with it when it thaws."""
        self._after(step.number)
        self.froze = True
        self._theatre.freeze(step.more["who"], seconds=3.0)
        return ""

    def _kill_market(self, step: Step) -> str:
        self._after(step.number)
        self._theatre.sandbox.kill()
        self._theatre.sandbox.up()
        self._seen = 0
        return ""

    def _after(self, calls: float) -> None:
        """Wait until the marketplaces got so many calls more."""
        deadline = time.monotonic() + PATIENCE
        while sum(self._theatre.sandbox.calls().values()) < self._seen + calls and time.monotonic() < deadline:
            time.sleep(0.02)
        self._seen = sum(self._theatre.sandbox.calls().values())

    # -- the end

    def calm_down(self) -> None:
        """No more faults, one last power cut, and the waits are over."""
        self._theatre.sandbox.no_faults()
        self._theatre.kill()
        self._hurry(now())
        self._theatre.start()

    def _hurry(self, calm_since: Any) -> None:
        """What waits for its next try is due now."""
        run, soon = self._theatre.rows.run, now()
        if self.froze:  # what a frozen process sent when it thawed is found by reading again, the second time for good
            run("UPDATE listing SET reread_at = :now, reread_count = 1 WHERE reread_at IS NOT NULL AND reread_at > :now", now=soon)
        run("UPDATE change SET due_at = :now WHERE state = 'approved' AND due_at > :now", now=soon)
        run("UPDATE inbox_event SET due_at = :now WHERE state = 'received' AND due_at > :now", now=soon)
        run("UPDATE card_post SET due_at = :now WHERE state = 'dirty' AND due_at > :now", now=soon)
        run("UPDATE reconciliation SET due_at = :now WHERE state = 'waiting' AND due_at > :now", now=soon)
        run("UPDATE draft SET due_at = :now WHERE state IN ('pending', 'uploading', 'processing') AND due_at > :now", now=soon)
        run(
            "UPDATE account SET due_at = :now WHERE state = 'active' AND channel IN ('ebay', 'shopify') AND due_at > :now "
            "AND (last_poll_at IS NULL OR last_poll_at < :since)",
            now=soon, since=calm_since,
        )  # fmt: skip

    def come_to_rest(self) -> list[str]:
        """Wait until nothing is left to do, then have all compared: what differs is repaired or asked about by the end."""
        if left := self._settle():
            return left
        self._note("at rest")
        self._people.tell(text="/reconcile")
        left = self._settle()
        self._note("compared")
        return left

    def _settle(self) -> list[str]:
        """Wait until nothing is left to do. Answers what is left when that does not happen."""
        calm_since, deadline, steady, hurried = now(), time.monotonic() + SETTLE_SECONDS, 0, time.monotonic()
        left: list[str] = []
        while time.monotonic() < deadline:
            left = self._left(calm_since)
            steady = 0 if left else steady + 1
            if steady >= STEADY:
                return []
            if time.monotonic() - hurried > 6:
                self._hurry(calm_since)
                hurried = time.monotonic()
            time.sleep(0.25)
        return [f"does not come to rest: {one}" for one in left]

    def _left(self, calm_since: Any) -> list[str]:
        rows = self._theatre.rows.all
        found = [f"{one['kind']} {one['state']}: {one['last_error']}" for one in rows(
            "SELECT kind, state, last_error FROM change WHERE state IN ('approved', 'running')"
        )]  # fmt: skip
        found += [f"inbox {one['source']} {one['topic']}: {one['last_error']}" for one in rows(
            "SELECT source, topic, last_error FROM inbox_event WHERE state = 'received'"
        )]  # fmt: skip
        found += [f"comparing: {one['last_error']}" for one in rows("SELECT last_error FROM reconciliation WHERE state = 'waiting'")]
        found += [f"card {one['id']}" for one in rows("SELECT id FROM card_post WHERE state = 'dirty'")]
        found += [f"{one['name']} not asked for orders: {one['last_error']}" for one in rows(
            "SELECT name, last_error FROM account WHERE channel IN ('ebay', 'shopify') AND (last_poll_at IS NULL OR last_poll_at < :since)",
            since=calm_since,
        )]  # fmt: skip
        found += [f"{one['action']} not sealed" for one in rows("SELECT action FROM audit_entry WHERE seq IS NULL")]
        if self.froze:
            found += [f"{one['channel']} to be read again" for one in rows("SELECT channel FROM listing WHERE reread_at IS NOT NULL")]
        waiting = [one for one in self._theatre.sandbox.deliveries()["pending"] if not one["given_up"]]
        return found + [f"webhook {one['topic']} on its way" for one in waiting]

    def summary(self) -> str:
        """Numbers of a run that went well."""
        one = self._theatre.rows.one
        kills = sum(line.split()[1].startswith(("kill", "freeze")) for line in self.told)
        counts = (
            f"{one('SELECT count(*) FROM sales_order')} orders",
            f"{one('SELECT count(*) FROM change')} changes",
            f"{kills} kills",
            f"{one('SELECT count(*) FROM difference')} differences",
            f"{one('SELECT count(*) FROM change WHERE order_id IS NOT NULL AND listing_id IS NULL')} deeds about orders",
            f"{one('SELECT count(*) FROM notice WHERE type = :kind', kind='oversell')} oversells",
        )
        return ", ".join(counts)


def _broken(log: Path) -> list[str]:
    """Exceptions that Haggle logged: whatever went wrong outside, none of its own parts may break."""
    lines = log.read_text(errors="replace").splitlines()
    found = [line.strip()[:300] for line in lines if any(word in line for word in BROKEN)]
    return [f"in the log: {line}" for line in found[:5]]
