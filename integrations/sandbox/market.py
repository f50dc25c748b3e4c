"""What a stand-in marketplace must offer to the framework. Each one is a package with a class that does this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.responses import Response
from starlette.routing import BaseRoute


class Unbuyable(Exception):
    """Nothing to buy (or to cancel) there. The text says why; control answers it as 409."""


@dataclass(frozen=True, slots=True)
class Pick:
    """What goes into a buyer's basket. `listing` is the marketplace's listing id or our sku. `price` (for one unit, in the listing's
    currency, like "45.50") overrides the listing's own."""

    listing: str
    quantity: int = 1
    price: str | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A buyer's click: one order of one line or several, of which two may be of the same listing."""

    picks: tuple[Pick, ...]
    paid: bool = True


@dataclass(frozen=True, slots=True)
class BuyerOffer:
    """A buyer's best offer: `price` for one unit, like "40.00"."""

    listing: str
    price: str
    quantity: int = 1
    message: str = ""


@dataclass(frozen=True, slots=True)
class Handmade:
    """A listing that the seller makes on the marketplace's own site. `sku` may be empty, `picture` an address."""

    title: str
    price: str
    quantity: int = 1
    sku: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A listing as the storefront shows it. `left` is what can still be bought, 0 when it is not live."""

    id: str
    title: str
    price: str
    currency: str
    left: int
    sold: int
    live: bool
    picture: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One attempt at a webhook, signed."""

    headers: Mapping[str, str]
    body: bytes


class Market(Protocol):
    """All methods are synchronous and change state completely or not at all, so no two calls ever mix.

    Store kinds begin with `{name}.`; what they hold is the marketplace's own business.
    """

    name: str

    def routes(self) -> Sequence[BaseRoute]:
        """Everything it serves, with full paths (`/ebay/sell/…`). Marketplace calls go through `World.serve`."""

    def broken(self) -> Response:
        """The marketplace's own 500."""

    def busy(self, retry_after: float) -> Response:
        """The marketplace's own 429 (or what it does instead)."""

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        """Sell, send the order's webhooks, and give the order in the shape of the wire. Raises `Unbuyable`."""

    def offer(self, offer: BuyerOffer) -> dict[str, Any]:
        """Keep a buyer's offer. Raises `Unbuyable`."""

    def cancel(self, order_id: str) -> dict[str, Any]:
        """The buyer cancels, before or after paying; gives the order. Raises `Unbuyable` when there is no such order or it is cancelled."""

    def pay(self, order_id: str) -> dict[str, Any]:
        """The buyer pays what was bought before; gives the order. Raises `Unbuyable` when it is paid, or cancelled."""

    def refund(self, order_id: str, amount: str | None) -> dict[str, Any]:
        """The seller gives money back (like "5.00"; all that is left without an amount), and keeps the order otherwise as it is; gives
        the order. Raises `Unbuyable` when there is no such order, it is not paid, or it was less."""

    def make(self, wish: Handmade) -> dict[str, Any]:
        """The seller lists something there by hand; gives the listing as `snapshot` shows it."""

    def edit(self, listing: str, price: str | None, quantity: int | None) -> dict[str, Any]:
        """The seller edits a listing (its id or sku) there; None leaves a thing as it is. Raises `Unbuyable` when it is not listed."""

    def end(self, listing: str) -> dict[str, Any]:
        """The seller ends a listing there. Raises `Unbuyable` when it is not listed."""

    def deliver(self, order_id: str) -> dict[str, Any]:
        """What was sent arrives; gives the order, as the next three do. Raises `Unbuyable` when nothing was sent."""

    def ask_back(self, order_id: str) -> dict[str, Any]:
        """The buyer wants to send it back, or before it is sent to be let out of the sale. Raises `Unbuyable`."""

    def dispute(self, order_id: str, outcome: str) -> dict[str, Any]:
        """The buyer disputes the payment; with an `outcome` ("won" or "lost", by the seller) an open dispute ends."""

    def label(self, order_id: str, cost: str) -> dict[str, Any]:
        """The seller buys a shipping label there, for so much ("4.20")."""

    def snapshot(self) -> dict[str, Any]:
        """`listings`, `orders`, `items` and `offers`, as README.md describes."""

    def storefront(self) -> Sequence[Row]:
        """Everything ever listed, newest first."""

    def seal(self, delivery: Mapping[str, Any], attempt: int) -> Envelope:
        """Sign a delivery that was given to `Outbox.send`; attempts count from 1."""

    def gave_up(self, delivery: Mapping[str, Any]) -> None:
        """All attempts failed."""

    def reset(self) -> None:
        """Back to an empty shop, with the fixtures a fresh one has. Client credentials stay."""
