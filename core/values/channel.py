"""What we want on a marketplace, what is there, and what it reports.

Plain values; `integrations/*/mapping.py` turns them into wire JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.money import Money
from core.values.states import Condition, OrderState

# Opens one photo as bytes: `await photo("jpeg")`. JPEG is made on demand; sizes are at most 2048 px a side.
PhotoOpener = Callable[[str], Awaitable[bytes]]

# The code of an `Unreachable` by which a channel says that something of a listing was sold and that we have not heard of it: the orders
# are asked for before it is tried again.
SOLD_UNHEARD = "sold_unheard"


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of a listing, in its order. `sha256` is the hex digest of the stored original."""

    sha256: str
    open: PhotoOpener


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listing should be. Complete: channels replace, they do not patch.

    `sku` is ours, unique for the item on the account and never reused; it is how a channel finds what it has already made.
    `quantity` is at least 1. `aspects` are item specifics by their marketplace name. `category` is the channel's own id, or
    empty when the channel needs none. `ids` are upc, ean, isbn, mpn and brand where known. `weight_grams` is 0 when unknown.
    """

    sku: str
    title: str
    description: str
    price: Money
    quantity: int
    condition: Condition
    category: str = ""
    aspects: Mapping[str, list[str]] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    condition_note: str = ""
    photos: tuple[Photo, ...] = ()
    weight_grams: int = 0


@dataclass(frozen=True, slots=True)
class Ref:
    """How to find a listing on its channel: our `sku`, and the channel's own ids as it gave them (`listing`, `offer`, `product` …).

    `external` may be empty: a channel must then look by `sku`, since an answer may have been lost after the work was done.
    `listing` is the public id that the channel's orders name, as far as we know it: from its answers, or from an order.
    """

    sku: str
    external: Mapping[str, str] = field(default_factory=dict)
    listing: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a new listing would be, with nothing sent. `fields` are labels and values for people, as they would be sent; `payload` are the
    bodies of the calls, in which photos go by their sha256 until they are uploaded. `problems` are sentences: what would be refused."""

    fields: tuple[tuple[str, str], ...]
    payload: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """What the marketplace says is there, read from it and never remembered.

    `live` means that a buyer can buy it now. `external` are the channel's ids to keep for the next call. `sold` counts units
    the channel says were sold, where it says so.
    """

    live: bool
    price: Money | None = None
    quantity: int | None = None
    url: str = ""
    external: Mapping[str, str] = field(default_factory=dict)
    sold: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelOrderLine:
    """One line. `external_id` is unique within the order; `listing_id` is the channel's public listing or product id."""

    external_id: str
    sku: str
    title: str
    quantity: int
    price: Money  # for one unit
    listing_id: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Personal data: encrypted in storage, never in a log, a notice or a card's text."""

    handle: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class ChannelParcel:
    """Something sent. `carrier` is as people write it ("usps"); channels spell it their way. Times are None when not known."""

    carrier: str = ""
    tracking: str = ""
    external_id: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """An order as the channel reports it. None is what the channel does not say (yet).

    `label_cost` is what our shipping label cost, `refunded` what the buyer has back so far. `recipient` is who gets it, where that
    is not the buyer; `ship_by` when it must be on its way.
    """

    external_id: str
    state: OrderState
    paid: bool
    placed_at: datetime
    changed_at: datetime
    total: Money
    lines: tuple[ChannelOrderLine, ...]
    buyer: Buyer = Buyer()
    fees: Money | None = None
    shipping: Money | None = None
    tax: Money | None = None
    label_cost: Money | None = None
    refunded: Money | None = None
    recipient: Buyer | None = None
    parcels: tuple[ChannelParcel, ...] = ()
    ship_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A listing as a page of an account's listings shows it. `listing` is the channel's public id; `sku` may be empty where the seller
    made it without one. None is what the page does not say. `plain` is False for what is not one thing at one price (variations, an
    auction): it is looked at and never taken over."""

    listing: str
    sku: str
    title: str
    live: bool
    price: Money | None = None
    quantity: int | None = None
    url: str = ""
    photo: str = ""
    plain: bool = True


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Some of an account's listings. `cursor` is where the next page begins, "" after the last. `complete` is False where the marketplace
    shows no more than so many, so what is missing on the pages may be there all the same."""

    found: tuple[Found, ...]
    cursor: str = ""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders changed since a time, oldest change first, and where to go on: `cursor` is the next `since`. `problems` are sentences about
    orders that were left out because they make no sense."""

    orders: tuple[ChannelOrder, ...]
    cursor: datetime
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """What `check` found. `problems` are sentences that say what to do; empty means ready to sell. `settings` are what it
    learned and what is to be kept with the account (policy ids, location, currency, shop name)."""

    name: str = ""
    external_id: str = ""
    problems: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """A category that the channel suggests for a title. `path` is for people."""

    id: str
    name: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Aspect:
    """An item specific the channel asks for in a category. `values` are its allowed (or usual) ones, most common first."""

    name: str
    required: bool
    values: tuple[str, ...] = ()
    only_listed: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel takes. 0 means no limit known."""

    title: int = 0
    description: int = 0
    photos: int = 0
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`native` channels are done by machine; the others become tasks for a person with a kit to copy.

    `rate` (calls a second) and `burst` are how fast one account may call; what the marketplace's own answers say comes on top.
    """

    kind: str
    name: str
    native: bool
    limits: Limits
    webhooks: bool = False
    categories: bool = False
    rate: float = 250.0
    burst: float = 500.0


@dataclass(frozen=True, slots=True)
class Connection:
    """An account's way in, opened for one use. `credentials` hold secrets: never log them.

    `save` stores refreshed credentials. `pace` waits until `n` calls may be made (and raises `Busy` when that is long from
    now).
    """

    account_id: str
    credentials: Mapping[str, Any]
    settings: Mapping[str, Any]
    save: Callable[[Mapping[str, Any]], Awaitable[None]]
    pace: Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook says, once its signature is proven: go and look. `event_id` is unique per delivery content.

    `topic` is ours: "order" (fetch `resource`), "orders" (poll), "listing" (read `resource`), "ignored"; and those about a buyer, whose
    `resource` has the user's names there, one a line, and after "order:" ids of orders: "account_deletion" (erase them), "data_request"
    (they ask what is known). "shop_deletion" erases every buyer of the account.
    """

    event_id: str
    topic: str
    resource: str = ""
    account_external_id: str = ""
