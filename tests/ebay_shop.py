"""An eBay seller of the stand-in, connected the way a seller connects it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from PIL import Image

from core.money import Money
from core.values.channel import Connection, Live, Photo, Ref, Wanted
from core.values.states import Condition
from integrations.ebay.channel import EbayChannel
from integrations.ebay.client import Client
from integrations.ebay.connect import EbayConnector
from integrations.ebay.settings import EbaySettings
from integrations.http import Http
from integrations.oauth import Now, utc_now
from tests.sandbox_process import SandboxProcess

BACK = "https://haggle.example/back"
LAMPS = "112581"
SHIP_FROM = {"country": "us", "postcode": "97201", "city": "Portland", "state": "OR", "phone": "5035550100"}


def settings_for(sandbox: SandboxProcess, **more: Any) -> EbaySettings:
    keys = sandbox.credentials["ebay"]
    made = EbaySettings(
        api_url=f"{sandbox.url}/ebay",
        media_url=f"{sandbox.url}/ebay-media",
        apiz_url=f"{sandbox.url}/ebay-apiz",
        auth_url=f"{sandbox.url}/ebay-auth",
        client_id=keys["client_id"],
        client_secret=keys["client_secret"],
        ru_name=BACK,
    )
    return replace(made, **more)


def answer_consent(consent: str, answer: str = "agree") -> dict[str, str]:
    """Press a button on the consent page; the query that the seller is sent back with."""
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(consent)
        assert page.status_code == 200, page.text
        sent = browser.post(consent.partition("?")[0], data={**dict(parse_qsl(urlsplit(consent).query)), "answer": answer})
    assert sent.status_code == 302
    return dict(parse_qsl(urlsplit(sent.headers["location"]).query))


@dataclass
class Shop:
    """A connected account and the channel to use it with. `paced` counts the calls that asked for pace."""

    channel: EbayChannel
    client: Client
    account: Connection
    saved: list[Mapping[str, Any]] = field(default_factory=list)
    paced: list[int] = field(default_factory=list)

    def with_credentials(self, **more: Any) -> Connection:
        return replace(self.account, account_id="another", credentials={**self.account.credentials, **more})


async def connected(sandbox: SandboxProcess, http: Http, now: Now = utc_now, **more: Any) -> Shop:
    """Consent, token, and a check whose findings are kept, as a new account goes through them."""
    client = Client(http, settings_for(sandbox, **more), now)
    connector = EbayConnector(client, now)
    credentials = await connector.finish(answer_consent(connector.consent_url("state")))
    saved: list[Mapping[str, Any]] = []
    paced: list[int] = []

    async def save(fresh: Mapping[str, Any]) -> None:
        saved.append(fresh)

    async def pace(calls: int) -> None:
        paced.append(calls)

    account = Connection("account", credentials, {"ship_from": SHIP_FROM}, save, pace)
    shop = Shop(EbayChannel(client, now), client, account, saved, paced)
    health = await shop.channel.check(account)
    assert health.problems == ()
    shop.account = replace(account, settings=health.settings)
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
        title="Brass desk lamp",
        description="Works.\n\nComes with <shade> & bulb.",
        price=Money(4550, "USD"),
        quantity=1,
        condition=Condition.GOOD,
        category=LAMPS,
        aspects={"Colour": ["Brass"]},
        ids={"brand": "Unbranded"},
        condition_note="A scratch on the foot.",
        photos=(photo("red"), photo("blue")),
        weight_grams=590,
    )
    return replace(made, **more)


def ref(sku: str = "HG-7", live: Live | None = None) -> Ref:
    """What storage would remember: the ids, or nothing when the answer was lost."""
    return Ref(sku, live.external if live else {})
