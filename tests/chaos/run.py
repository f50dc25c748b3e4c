"""One run: a seller sells, everything fails, the power goes; then the world calms down and the checker looks.

Moments are counted in calls that the marketplaces got, not in seconds, so that a seed strikes at about the same point of the
work on a slow machine and on a quick one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx

from tests.chaos import checker
from tests.chaos.plan import ROUNDS, Step, steps
from tests.chaos.rows import now
from tests.chaos.stage import Stage, Theatre

PATIENCE = 1.5  # seconds that a step waits for calls that perhaps never come
SETTLE_SECONDS = 90.0
STEADY = 2  # looks in a row that find nothing left to do
BROKEN = ("Traceback", "broke", "carrying failed", "claiming failed", "a tick failed")


class Failed(AssertionError):
    """What the checker found, and what had been done."""

    def __init__(self, seed: int, problems: list[str], told: list[str], folder: Path) -> None:
        lines = [f"seed {seed} failed:", *(f"  - {one}" for one in problems), "what was done:", *(f"    {one}" for one in told)]
        super().__init__("\n".join([*lines, f"folder: {folder}", f"again: python -m tests.chaos --seed {seed}"]))
        self.problems = problems


def run(seed: int, stage: Stage, folder: Path, *, rounds: int = ROUNDS) -> str:
    """Play a seed in a fresh folder. Answers a line about it; raises `Failed`."""
    began = time.monotonic()
    theatre = stage.open(folder)
    play = Play(theatre)
    try:
        for step in steps(seed, rounds, several=stage.several):
            play.do(step)
        play.calm_down()
        problems = play.settle() or checker.check(theatre.sandbox.state(), theatre.rows, play.said)
        problems += [one for log in sorted(folder.glob("*.log")) for one in _broken(log)]
        if not problems:
            problems += [f"a process ended with exit code {code} when it was asked to stop" for code in theatre.stop() if code]
        if problems:
            raise Failed(seed, problems, play.told, folder)
        return f"seed {seed}: {play.summary()}, {time.monotonic() - began:.0f} s"
    finally:
        play.close()


class Play:
    """Carries out steps. `said` are the commands that Haggle took, in their order; `told` is the diary."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._client = httpx.Client(
            base_url=theatre.url, trust_env=False, timeout=10, headers={"Authorization": f"Bearer {theatre.token}", "X-Haggle": "1"}
        )
        self._seen = 0
        self._orders: list[tuple[str, str, str]] = []  # marketplace, order, sku
        self._skus = {row["number"]: row["sku"] for row in theatre.rows.all("SELECT number, sku FROM item")}
        self.froze = False
        self.said: list[str] = []
        self.told: list[str] = []

    def close(self) -> None:
        self._client.close()
        self._theatre.close()

    def do(self, step: Step) -> None:
        deeds: dict[str, Callable[[Step], str]] = {
            "say": self._say, "buy": self._buy, "cancel": self._cancel, "tick": self._tick, "fault": self._fault, "calm": self._calm,
            "wait": self._wait, "kill": self._kill, "freeze": self._freeze, "kill_market": self._kill_market,
        }  # fmt: skip
        self.told.append(f"{step}{deeds[step.what](step)}")

    # -- people

    def _say(self, step: Step) -> str:
        self._post(text=step.text)
        self.said.append(step.text)
        return ""

    def _post(self, **said: Any) -> None:
        """Until it is taken: whoever gets no answer sends the same again."""
        message = {"event_id": token_hex(8), **said}
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = self._client.post("/api/v1/chat/messages", json=message)
                if answer.status_code == 202:
                    return
            except httpx.HTTPError as error:
                answer = error  # type: ignore[assignment]
            if time.monotonic() > deadline:
                raise AssertionError(f"Haggle does not take messages: {answer}")
            time.sleep(0.1)

    def _buy(self, step: Step) -> str:
        sku = self._skus[step.item]
        deadline = time.monotonic() + step.number
        while True:
            try:
                order = self._theatre.sandbox.buy(step.market, sku, **step.more)
                break
            except httpx.HTTPStatusError:
                if time.monotonic() > deadline:
                    return ": not for sale"
                time.sleep(0.1)
        self._orders.append((step.market, str(order.get("orderId") or order["admin_graphql_api_id"]), sku))
        return f": order {self._orders[-1][1]}"

    def _cancel(self, step: Step) -> str:
        mine = [one for one in self._orders if one[2] == self._skus[step.item]]
        if not mine:
            return ": no order"
        market, order, _ = mine[-1]
        self._orders.remove(mine[-1])
        try:
            self._theatre.sandbox.cancel(market, order)
        except httpx.HTTPStatusError as error:
            return f": {error.response.text}"
        return f": order {order}"

    def _tick(self, step: Step) -> str:
        """Press the first button of the newest task card of the item that has one."""
        cards = self._theatre.rows.all(
            "SELECT card_post.card AS card, card_post.message AS message FROM card_post "
            "JOIN manual_task ON manual_task.id = card_post.subject_id JOIN item ON item.id = manual_task.item_id "
            "WHERE card_post.subject_kind = 'task' AND manual_task.state = 'open' AND item.number = :number ORDER BY card_post.id DESC",
            number=step.item,
        )
        for one in cards:
            for row in one["card"].get("buttons", []):
                for button in row:
                    if button.get("id") and button["label"].startswith("It is"):
                        self._post(press=button["id"], message=one["message"])
                        return f": {button['label']}"
        return ": no task"

    # -- trouble

    def _fault(self, step: Step) -> str:
        more = dict(step.more)
        self._theatre.sandbox.fault(more.pop("kind"), **more)
        return ""

    def _calm(self, _: Step) -> str:
        self._theatre.sandbox.no_faults()
        return ""

    def _wait(self, step: Step) -> str:
        self._after(step.number)
        return ""

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
        run("UPDATE draft SET due_at = :now WHERE state IN ('pending', 'uploading', 'processing') AND due_at > :now", now=soon)
        run(
            "UPDATE account SET due_at = :now WHERE state = 'active' AND channel IN ('ebay', 'shopify') AND due_at > :now "
            "AND (last_poll_at IS NULL OR last_poll_at < :since)",
            now=soon, since=calm_since,
        )  # fmt: skip

    def settle(self) -> list[str]:
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
        kills = sum(line.startswith(("kill", "freeze")) for line in self.told)
        counts = (
            f"{one('SELECT count(*) FROM sales_order')} orders",
            f"{one('SELECT count(*) FROM change')} changes",
            f"{kills} kills",
            f"{one('SELECT count(*) FROM notice WHERE type = :kind', kind='oversell')} oversells",
        )
        return ", ".join(counts)


def _broken(log: Path) -> list[str]:
    """Exceptions that Haggle logged: whatever went wrong outside, none of its own parts may break."""
    lines = log.read_text(errors="replace").splitlines()
    found = [line.strip()[:300] for line in lines if any(word in line for word in BROKEN)]
    return [f"in the log: {line}" for line in found[:5]]
