"""What can be set about the stand-ins. Everything has a default that works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """`base_url` is the stand-in's own address without a trailing slash; `serve` fills it in.

    `latency` is added to every marketplace call, in seconds. `accept_urls` maps an eBay RuName to the address that the
    consent page sends the seller back to (a RuName that is an address itself needs no entry). `delivery_waits` are the
    pauses in seconds before each further attempt at a webhook, `delivery_timeout` is how long one attempt may take.
    `fee_percent` is what a marketplace keeps of a sale. `ebay_policies` gives a fresh seller one business policy of each kind.
    `shopify_customer_data` says that Shopify has approved the app for protected customer data. `shopify_points` are restored a second: 100
    on the standard plan, 1000 on Plus; a shop saves up twenty seconds of them. `ebay_most_listed` is how many listings eBay's list of the
    active ones gives at most (0: all of them).
    """

    base_url: str = "http://127.0.0.1:8081"
    latency: float = 0.0
    accept_urls: Mapping[str, str] = field(default_factory=dict)
    delivery_waits: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
    delivery_timeout: float = 5.0
    fee_percent: str = "13.25"
    ebay_seller: str = "sandbox_seller"
    ebay_policies: bool = True
    ebay_most_listed: int = 0
    shopify_shop: str = "sandbox-shop"
    shopify_customer_data: bool = True
    shopify_points: float = 100.0
