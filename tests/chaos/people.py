"""What buyers and the seller do in a run: in the chat, on the marketplaces' own sites, with orders. Each deed answers for the diary."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

import httpx

from tests.chaos.plan import MARKETS, Step
from tests.chaos.rows import now
from tests.chaos.stage import Theatre

TAKEN_WITHIN = 60.0  # seconds until a message must be taken
ANSWERED_WITHIN = 2.0  # seconds that the seller waits for a question; faults may keep it away
Deed = Callable[[Step], str]


@dataclass(frozen=True, slots=True)
class Bought:
    market: str
    order: str
    sku: str


@dataclass(slots=True)
class Diary:
    """What the checker is told: `said` are the commands about items that Haggle took, in their order; the rest was done on the
    marketplaces' own sites. `given` is what was given back there at most, by order."""

    said: list[str] = field(default_factory=list)
    prices: list[tuple[str, str, str, datetime]] = field(default_factory=list)  # marketplace, sku, price, when
    touched: set[tuple[str, str]] = field(default_factory=set)  # marketplace and sku of what was edited or ended there
    given: dict[str, Decimal] = field(default_factory=dict)
    orphans: set[str] = field(default_factory=set)  # titles
    began: datetime = field(default_factory=now)


class People:
    """Buyers and the seller."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._client = httpx.Client(
            base_url=theatre.url, trust_env=False, timeout=10, headers={"Authorization": f"Bearer {theatre.token}", "X-Haggle": "1"}
        )
        self._skus = {row["number"]: row["sku"] for row in theatre.rows.all("SELECT number, sku FROM item")}
        self._bought: list[Bought] = []
        self._crowd = ThreadPoolExecutor(16)
        self._trying: list[Future[str]] = []
        self.diary = Diary()
        self.deeds: dict[str, Deed] = {
            "say": self._say, "tick": self._tick, "buy": self._buy, "rush": self._rush, "pay": self._pay, "cancel": self._cancel,
            "ship": self._ship, "deliver": self._deliver, "ask_back": self._ask_back, "refund": self._refund, "give_back": self._give_back,
            "cancel_order": self._cancel_order, "edit": self._edit, "end": self._end, "orphan": self._orphan, "compare": self._compare,
            "decide": self._decide, "take_over": self._take_over,
        }  # fmt: skip

    def close(self) -> None:
        self._crowd.shutdown()
        self._client.close()

    def gone_home(self) -> list[str]:
        """Wait until no buyer is trying any more. Answers what each of them got."""
        told = [one.result() for one in self._trying]
        self._trying.clear()
        return told

    def something_is_up(self) -> bool:
        state = self._theatre.sandbox.state()
        return all(any(one["state"] == "ACTIVE" for one in state[market]["listings"]) for market in MARKETS)

    def all_are_heard(self) -> bool:
        known = {row["external_id"] for row in self._theatre.rows.all("SELECT external_id FROM sales_order")}
        return not self._trying_still() and known >= {one.order for one in self._bought}

    def _trying_still(self) -> bool:
        return any(not one.done() for one in self._trying)

    # -- the chat

    def tell(self, **said: Any) -> None:
        """Until it is taken: whoever gets no answer sends the same again."""
        message = {"event_id": token_hex(8), **said}
        deadline = time.monotonic() + TAKEN_WITHIN
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

    def _say(self, step: Step) -> str:
        text = step.text.format(item=step.item)
        self.tell(text=text)
        self.diary.said.append(text)
        return ""

    def _posts(self, where: str, **values: Any) -> list[dict[str, Any]]:
        """Posted cards, newest first. `where` is SQL after the join of cards with what they are about."""
        query = (
            "SELECT card_post.id AS id, card_post.card AS card, card_post.message AS message FROM card_post "
            "LEFT JOIN manual_task ON card_post.subject_kind = 'task' AND manual_task.id = card_post.subject_id "
            "LEFT JOIN difference ON card_post.subject_kind = 'difference' AND difference.id = card_post.subject_id "
            "LEFT JOIN item ON item.id = COALESCE(manual_task.item_id, difference.item_id) "
            f"WHERE card_post.state = 'posted' AND {where} ORDER BY card_post.id DESC LIMIT 40"
        )
        return self._theatre.rows.all(query, **values)

    def _press(self, posts: list[dict[str, Any]], wanted: Callable[[str], bool], *, twice: bool = False) -> str:
        """Press the first button whose label is wanted. Answers the label, "" when there is none."""
        for post, button in _buttons(posts):
            if button.get("id") and wanted(button["label"]):
                for _ in range(2 if twice else 1):
                    self.tell(press=button["id"], message=post["message"])
                return str(button["label"])
        return ""

    def _answer(self, question: str, wanted: Callable[[str], bool], *, twice: bool = False) -> str:
        """Wait a moment for a card whose text is this question, and press one of its buttons."""
        before = {post["id"] for post in self._posts("card_post.subject_kind = ''")}
        self.tell(text=question)
        deadline = time.monotonic() + ANSWERED_WITHIN
        while time.monotonic() < deadline:
            fresh = [post for post in self._posts("card_post.subject_kind = ''") if post["id"] not in before]
            if pressed := self._press(fresh, wanted, twice=twice):
                return f"{question}: {pressed}"
            time.sleep(0.1)
        return f"{question}: nothing to press"

    def _tick(self, step: Step) -> str:
        """Press the first button of the newest task card of the item that has one."""
        posts = self._posts("card_post.subject_kind = 'task' AND manual_task.state = 'open' AND item.number = :number", number=step.item)
        return f": {self._press(posts, lambda label: label.startswith('It is')) or 'no task'}"

    # -- buyers

    def _buy(self, step: Step) -> str:
        """Who goes on trying does not keep the others waiting."""
        try:
            return self._take(step)
        except httpx.HTTPStatusError:
            if not step.number:
                return ": not for sale"
        self._trying.append(self._crowd.submit(self._try, step))
        return ": goes on trying"

    def _take(self, step: Step) -> str:
        sku = self._skus[step.item]
        return self._keep(step.market, sku, self._theatre.sandbox.buy(step.market, sku, **step.more))

    def _try(self, step: Step) -> str:
        deadline = time.monotonic() + step.number
        while time.monotonic() < deadline:
            time.sleep(0.1)
            try:
                return f"{step}{self._take(step)}"
            except httpx.HTTPStatusError:
                continue
            except httpx.TransportError:  # the marketplace is being started again
                continue
        return f"{step}: never for sale"

    def _keep(self, market: str, sku: str, order: dict[str, Any]) -> str:
        bought = Bought(market, str(order.get("orderId") or order["admin_graphql_api_id"]), sku)
        self._bought.append(bought)
        return f": order {bought.order}"

    def _rush(self, step: Step) -> str:
        """Two buyers on each marketplace press at the same time."""
        sku = self._skus[step.item]

        def press(market: str) -> dict[str, Any] | None:
            try:
                return self._theatre.sandbox.buy(market, sku, **step.more)
            except httpx.HTTPStatusError:
                return None

        won = list(self._crowd.map(press, (*MARKETS, *MARKETS)))
        there = [(market, order) for market, order in zip((*MARKETS, *MARKETS), won, strict=True) if order]
        return "".join(self._keep(market, sku, order) for market, order in there) or ": not for sale"

    def _of(self, item: int) -> Bought | None:
        """The newest order of an item."""
        return next((one for one in reversed(self._bought) if one.sku == self._skus[item]), None)

    def _there(self, step: Step, deed: Callable[[Bought], object]) -> str:
        """Do something with the item's newest order on its marketplace, which may refuse."""
        order = self._of(step.item)
        if order is None:
            return ": no order"
        try:
            deed(order)
        except httpx.HTTPStatusError as error:
            return f": {error.response.text}"
        return f": order {order.order}"

    def _pay(self, step: Step) -> str:
        return self._there(step, lambda one: self._theatre.sandbox.pay(one.market, one.order))

    def _cancel(self, step: Step) -> str:
        return self._there(step, lambda one: self._theatre.sandbox.cancel(one.market, one.order))

    def _deliver(self, step: Step) -> str:
        return self._there(step, lambda one: self._theatre.sandbox.deliver(one.market, one.order))

    def _ask_back(self, step: Step) -> str:
        return self._there(step, lambda one: self._theatre.sandbox.ask_back(one.market, one.order))

    # -- the seller and orders

    def _number(self, item: int) -> int:
        """Our number of the item's newest order, 0 while nobody has heard of it."""
        order = self._of(item)
        query = "SELECT number FROM sales_order WHERE external_id = :order"
        return int(self._theatre.rows.one(query, order=order.order) or 0) if order else 0

    def _ship(self, step: Step) -> str:
        number = self._number(step.item)
        if not number:
            return ": not heard of"
        text = f"/ship {number} usps 9400111899{number:012d}"
        self.tell(text=text)
        return f": {text}"

    def _refund(self, step: Step) -> str:
        number = self._number(step.item)
        if not number:
            return ": not heard of"
        text = f"/refund {number} {step.more['amount']}".strip()
        return ": " + self._answer(text, lambda label: label.startswith("Give $"), twice=step.more["twice"])

    def _cancel_order(self, step: Step) -> str:
        number = self._number(step.item)
        return ": " + self._answer(f"/cancel {number}", lambda label: "buyer asked" in label) if number else ": not heard of"

    def _give_back(self, step: Step) -> str:
        """On the marketplace's own site."""

        def give(one: Bought) -> None:
            told = self._theatre.sandbox.refund(one.market, one.order, step.more["amount"])
            whole = told["total_price"] if one.market == "shopify" else told["pricingSummary"]["total"]["value"]
            self.diary.given[one.order] = self.diary.given.get(one.order, Decimal(0)) + Decimal(step.more["amount"] or whole)

        return self._there(step, give)

    # -- the seller, on the marketplaces' own sites

    def _edit(self, step: Step) -> str:
        return self._on_site(step, lambda sku: self._theatre.sandbox.edit(step.market, sku, **step.more))

    def _end(self, step: Step) -> str:
        return self._on_site(step, lambda sku: self._theatre.sandbox.end(step.market, sku))

    def _on_site(self, step: Step, deed: Callable[[str], object]) -> str:
        """Only what can be bought is edited: nobody looks for what is not there."""
        sku = self._skus[step.item]
        there = [one for one in self._theatre.sandbox.state(step.market)["listings"] if one["sku"] == sku and one["state"] == "ACTIVE"]
        if not there:
            return ": not there"
        try:
            deed(sku)
        except httpx.HTTPStatusError as error:
            return f": {error.response.text}"
        self.diary.touched.add((step.market, sku))
        if "price" in step.more:
            self.diary.prices.append((step.market, sku, step.more["price"], now()))
        return ""

    def _orphan(self, step: Step) -> str:
        self._theatre.sandbox.make(step.market, step.more["title"], step.more["price"])
        self.diary.orphans.add(step.more["title"])
        return ""

    def _compare(self, _: Step) -> str:
        self.tell(text="/reconcile")
        return ""

    def _decide(self, step: Step) -> str:
        """Answer what is asked about the item; where nothing is asked yet, have the questions shown."""
        where = "card_post.subject_kind = 'difference' AND difference.state = 'open' AND item.number = :number"
        posts = self._posts(where, number=step.item)
        labels = [button["label"] for _, button in _buttons(posts[:1])][:3]
        if labels:
            return f": {self._press(posts[:1], lambda label: label == labels[step.more['choice'] % len(labels)])}"
        shown = self._press(self._posts("card_post.subject_kind = 'reconciliation'"), lambda label: label.startswith("Show "))
        return f": {shown or 'nothing asked'}"

    def _take_over(self, _: Step) -> str:
        posts = self._posts("card_post.subject_kind = 'reconciliation'")
        return f": {self._press(posts, lambda label: label.startswith('Import all')) or 'no orphans'}"


def _buttons(posts: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for post in posts:
        for row in post["card"].get("buttons", []):
            for button in row:
                yield post, button
