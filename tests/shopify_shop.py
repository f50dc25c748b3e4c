"""A Shopify shop of the stand-in, connected the way a seller connects it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from PIL import Image

from core.money import Money
from core.values.channel import Connection, Live, Photo, Ref, Wanted
from core.values.states import Condition
from integrations.http import Http
from integrations.shopify.channel import ShopifyChannel
from integrations.shopify.connect import ShopifyConnector
from integrations.shopify.settings import ShopifySettings
from tests.sandbox_process import SandboxProcess

SHOP = "sandbox-shop"


def settings_for(sandbox: SandboxProcess, **more: Any) -> ShopifySettings:
    keys = sandbox.credentials["shopify"]
    made = ShopifySettings(
        f"{sandbox.url}/shopify/{{shop}}", keys["client_id"], keys["client_secret"], redirect_uri="http://127.0.0.1:1/back"
    )
    return replace(made, **more)


def approve(consent: str) -> dict[str, str]:
    """Press the button on the consent page; the query that the seller is sent back with."""
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(consent)
        assert page.status_code == 200, page.text
        answer = browser.post(consent)
    assert answer.status_code == 303
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@dataclass
class Shop:
    """A connected account and the channel to use it with. `paced` counts the calls that asked for pace."""

    channel: ShopifyChannel
    account: Connection
    http: Http
    saved: list[Mapping[str, Any]]
    paced: list[int]

    def with_credentials(self, **more: Any) -> Connection:
        return replace(self.account, account_id="another", credentials={**self.account.credentials, **more})

    def learned(self, settings: Mapping[str, Any]) -> None:
        self.account = replace(self.account, settings=settings)


async def connected(sandbox: SandboxProcess, http: Http, **more: Any) -> Shop:
    """Consent, token, and a check whose findings are kept, as a new account goes through them."""
    settings = settings_for(sandbox, **more)
    connector = ShopifyConnector(http, settings)
    credentials = await connector.finish(approve(connector.consent_url("state", SHOP)), SHOP)
    saved: list[Mapping[str, Any]] = []
    paced: list[int] = []

    async def save(fresh: Mapping[str, Any]) -> None:
        saved.append(fresh)

    async def pace(calls: int) -> None:
        paced.append(calls)

    shop = Shop(ShopifyChannel(http, settings), Connection("account", credentials, {}, save, pace), http, saved, paced)
    health = await shop.channel.check(shop.account)
    assert health.problems == ()
    shop.learned(health.settings)
    return shop


def photo(colour: str) -> Photo:
    """A photo of one colour."""

    async def open_photo(kind: str) -> bytes:
        assert kind == "jpeg"
        file = BytesIO()
        Image.new("RGB", (8, 8), colour).save(file, "JPEG")
        return file.getvalue()

    return Photo(sha256(colour.encode()).hexdigest(), open_photo)


def wanted(sku: str = "HG-7", **more: Any) -> Wanted:
    """Something to sell."""
    made = Wanted(
        sku=sku,
        title="Canon AE-1 camera",
        description="Works.\n\nComes with <strap> & cap.",
        price=Money(8950, "USD"),
        quantity=1,
        condition=Condition.GOOD,
        aspects={"Film format": ["35 mm"]},
        ids={"brand": "Canon", "upc": "036000291452"},
        condition_note="Light seals replaced.",
        photos=(photo("red"), photo("blue")),
        weight_grams=590,
    )
    return replace(made, **more)


def ref(sku: str = "HG-7", live: Live | None = None) -> Ref:
    """What storage would remember: the ids, or nothing when the answer was lost."""
    return Ref(sku, live.external if live else {})
