"""An eBay seller in few words, for tests of the framework. The contract tests check the wire; this only uses it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess

INVENTORY = "/ebay/sell/inventory/v1"


class Seller:
    """Connected with all scopes."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        token = sandbox.ebay_tokens()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Language": "en-US"}
        self.client = httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.client.close()

    def put_item(self, sku: str, quantity: int = 1, timeout: httpx.Timeout | float = 30) -> httpx.Response:
        product = {"title": "Brass desk lamp", "description": "A lamp.", "aspects": {"Brand": ["Unbranded"]}}
        body = {
            "product": {**product, "imageUrls": ["https://pictures.example/lamp.jpg"]},
            "condition": "USED_EXCELLENT",
            "availability": {"shipToLocationAvailability": {"quantity": quantity}},
        }
        return self.client.put(f"{INVENTORY}/inventory_item/{sku}", json=body, timeout=timeout)

    def list(self, sku: str, quantity: int = 1, price: str = "45.50") -> str:
        """Make it live; gives the listing's id."""
        address = {"address": {"country": "US", "postalCode": "97201"}}
        assert self.client.post(f"{INVENTORY}/location/home", json={"location": address}).status_code in (204, 409)
        assert self.put_item(sku, quantity).is_success
        policies: dict[str, str] = {}
        for kind in ("fulfillment", "payment", "return"):
            found = self.client.get(f"/ebay/sell/account/v1/{kind}_policy", params={"marketplace_id": "EBAY_US"}).json()
            policies[f"{kind}PolicyId"] = next(value for value in found.values() if isinstance(value, list))[0][f"{kind}PolicyId"]
        body = {
            "sku": sku,
            "marketplaceId": "EBAY_US",
            "format": "FIXED_PRICE",
            "categoryId": "112581",
            "listingPolicies": policies,
            "merchantLocationKey": "home",
            "pricingSummary": {"price": {"value": price, "currency": "USD"}},
        }
        offer = self.client.post(f"{INVENTORY}/offer", json=body).json()["offerId"]
        return str(self.client.post(f"{INVENTORY}/offer/{offer}/publish").json()["listingId"])

    def subscribe(self, receiver: Receiver) -> None:
        """Have sales announced."""
        base = "/ebay/commerce/notification/v1"
        self.client.put(f"{base}/config", json={"alertEmail": "seller@haggle.example"})
        config = {"endpoint": receiver.url, "verificationToken": receiver.token}
        made = self.client.post(f"{base}/destination", json={"name": "t", "status": "ENABLED", "deliveryConfig": config})
        payload = {"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"}
        body: dict[str, Any] = {"topicId": "ORDER_CONFIRMATION", "status": "ENABLED", "payload": payload}
        body["destinationId"] = made.headers["location"].rpartition("/")[2]
        assert self.client.post(f"{base}/subscription", json=body).status_code == 201

    def destinations(self) -> Sequence[dict[str, Any]]:
        """Where notifications go."""
        found: Sequence[dict[str, Any]] = self.client.get("/ebay/commerce/notification/v1/destination").json()["destinations"]
        return found
