"""Calls the eBay stand-in and has both sides of every call checked against eBay's documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.contract.ebay_documents import ebay
from tests.contract.ebay_errors import known_ids
from tests.contract.openapi import Document
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server

__all__ = ["Referee", "call", "error_of", "goods", "listed", "location", "offer_body", "sandbox", "sandbox_server"]

INVENTORY = "/ebay/sell/inventory/v1"
LANGUAGE = {"Content-Language": "en-US"}
# Errors that belong to no operation: OAuth, access, rate limits, malformed requests.
COMMON_IDS = {1001, 1002, 1100, 2001, 2004}
DOCUMENTS = (
    "sell_inventory_v1",
    "sell_account_v1",
    "sell_fulfillment_v1",
    "sell_finances_v1",
    "sell_metadata_v1",
    "commerce_media_v1_beta",
    "commerce_notification_v1",
    "commerce_taxonomy_v1",
    "commerce_identity_v1",
)


class Referee:
    """Calls the stand-in and has both sides checked. `check_requests=False` for requests that are wrong on purpose."""

    def __init__(self, sandbox: SandboxProcess, token: str) -> None:
        self.sandbox = sandbox
        self.token = token
        self._documents: dict[str, Document] = {}
        for name in DOCUMENTS:
            document = ebay(name)
            self._documents[document.base_path] = document
        self._names = {ebay(name).base_path: name for name in DOCUMENTS}
        self._client = httpx.Client(timeout=30, trust_env=False)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        files: Any = None,
        wrong: bool = False,
        token: str | None = None,
    ) -> httpx.Response:
        base = next(one for one in self._documents if one in path)
        document = self._documents[base]
        sent = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        if not wrong and files is None:
            document.check_request(method, path, query or {}, sent, body)
        request = self._client.build_request(method, self.sandbox.url + path, params=query, headers=sent, json=body, files=files)
        answer = self._client.send(request)
        shown = answer.json() if answer.content else None
        operation = document.check_response(method, path, answer.status_code, shown)
        if answer.status_code >= 400 and shown is not None:
            allowed = known_ids(self._names[base], operation.method, operation.template) | COMMON_IDS
            assert {one["errorId"] for one in shown["errors"]} <= allowed, shown
        return answer

    def close(self) -> None:
        self._client.close()


def goods(sandbox: SandboxProcess, quantity: int = 1, **more: Any) -> dict[str, Any]:
    product = {
        "title": "Brass desk lamp",
        "description": "A lamp.",
        "aspects": {"Brand": ["Unbranded"]},
        "imageUrls": ["https://pictures.example/lamp.jpg"],
    }
    return {
        "product": product,
        "condition": "USED_EXCELLENT",
        "availability": {"shipToLocationAvailability": {"quantity": quantity}},
        **more,
    }


def offer_body(call: Referee, sku: str, price: str = "45.50") -> dict[str, Any]:
    account = "/ebay/sell/account/v1"
    query = {"marketplace_id": "EBAY_US"}
    policies = {}
    for kind, many in (("fulfillment", "fulfillmentPolicies"), ("payment", "paymentPolicies"), ("return", "returnPolicies")):
        policies[f"{kind}PolicyId"] = call("GET", f"{account}/{kind}_policy", query=query).json()[many][0][f"{kind}PolicyId"]
    return {
        "sku": sku,
        "marketplaceId": "EBAY_US",
        "format": "FIXED_PRICE",
        "availableQuantity": 1,
        "categoryId": "112581",
        "listingDescription": "A lamp.",
        "listingPolicies": policies,
        "merchantLocationKey": "home",
        "pricingSummary": {"price": {"value": price, "currency": "USD"}},
        "includeCatalogProductDetails": False,
    }


def location(call: Referee) -> None:
    address = {"country": "US", "postalCode": "97201", "stateOrProvince": "OR"}
    body = {"location": {"address": address}, "phone": "5035550100", "name": "Home", "merchantLocationStatus": "ENABLED"}
    assert call("POST", f"{INVENTORY}/location/home", body).status_code == 204


def listed(call: Referee, sku: str = "LAMP-1", quantity: int = 1) -> tuple[str, str]:
    """A live listing: ids of its offer and of itself."""
    if call("GET", f"{INVENTORY}/location").json()["total"] == 0:
        location(call)
    assert call("PUT", f"{INVENTORY}/inventory_item/{sku}", goods(call.sandbox, quantity), headers=LANGUAGE).status_code == 201
    body = offer_body(call, sku) | {"availableQuantity": quantity}
    offer = call("POST", f"{INVENTORY}/offer", body, headers=LANGUAGE).json()["offerId"]
    return offer, call("POST", f"{INVENTORY}/offer/{offer}/publish").json()["listingId"]


def error_of(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["errorId"]


@pytest.fixture
def call(sandbox: SandboxProcess) -> Iterator[Referee]:
    referee = Referee(sandbox, sandbox.ebay_tokens()["access_token"])
    yield referee
    referee.close()
