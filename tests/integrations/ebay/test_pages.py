"""An eBay account's listings by page, what changed lately, and taking over what was listed on eBay's own site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import AuthLost, Busy, Refused, Unreachable
from core.money import Money
from core.values.channel import Connection, Found, ListingPage
from integrations.ebay.channel import EbayChannel
from integrations.ebay.client import Client
from integrations.ebay.settings import EbaySettings
from integrations.http import Http
from tests.ebay_shop import Shop, connected, ref, wanted
from tests.sandbox_process import SandboxProcess


async def everything(shop: Shop) -> list[ListingPage]:
    pages, cursor = [], ""
    while True:
        pages.append(await shop.channel.page(shop.account, cursor, None))
        cursor = pages[-1].cursor
        if not cursor:
            return pages


async def test_a_page_shows_what_a_listing_shows(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    sandbox.buy("ebay", live.external["listing"])
    [page] = await everything(shop)
    [found] = page.found
    assert (found.listing, found.sku, found.title, found.live) == (live.external["listing"], "HG-7", "Brass desk lamp", True)
    assert (found.price, found.quantity, found.plain) == (Money(4550, "USD"), 2, True)
    assert found.url
    assert found.photo
    assert page.complete
    assert (await shop.channel.picture(shop.account, found.photo)).startswith(b"\xff\xd8")


async def test_two_hundred_come_in_one_call(shop: Shop, sandbox: SandboxProcess) -> None:
    for number in range(401):
        sandbox.make("ebay", f"Thing {number}", "5.00")
    before = sandbox.calls().get("ebay.GetMyeBaySelling", 0)
    pages = await everything(shop)
    assert [len(page.found) for page in pages] == [200, 200, 1]
    assert sandbox.calls()["ebay.GetMyeBaySelling"] - before == 3
    assert len({found.listing for page in pages for found in page.found}) == 401
    assert all(page.complete for page in pages)


async def test_a_list_that_ebay_cuts_off_says_so(tmp_path: Path, http: Http) -> None:
    process = SandboxProcess.start(tmp_path, ebay_most_listed=2)
    try:
        shop = await connected(process, http)
        for number in range(3):
            process.make("ebay", f"Thing {number}", "5.00")
        [page] = await everything(shop)
        assert len(page.found) == 2
        assert not page.complete
    finally:
        process.close()


async def test_what_changed_lately_comes_in_one_call_ended_or_not(shop: Shop, sandbox: SandboxProcess) -> None:
    old = sandbox.make("ebay", "Old", "5.00")
    sandbox.make("ebay", "Untouched", "5.00")
    since = datetime.now(UTC) + timedelta(minutes=30)
    sandbox.shift_clock(3600)
    shop.channel._pages._now = lambda: datetime.now(UTC) + timedelta(hours=1, seconds=1)
    sandbox.end("ebay", old["id"])
    new = sandbox.make("ebay", "New", "6.00", quantity=2)
    page = await shop.channel.page(shop.account, "", since)
    assert {(one.listing, one.live) for one in page.found} == {(old["id"], False), (new["id"], True)}
    assert next(one for one in page.found if one.live).quantity == 2
    assert page.complete
    assert not page.cursor
    assert "ebay.GetMyeBaySelling" not in sandbox.calls()


async def test_longer_ago_than_two_days_everything_is_read(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.make("ebay", "Thing", "5.00")
    page = await shop.channel.page(shop.account, "", datetime.now(UTC) - timedelta(days=3))
    assert [one.title for one in page.found] == ["Thing"]
    assert "ebay.GetSellerEvents" not in sandbox.calls()


async def test_a_token_that_trading_refuses_is_renewed_once(shop: Shop, sandbox: SandboxProcess) -> None:
    broken = shop.with_credentials(access_token="v^1.1#no-such-token")
    assert (await shop.channel.page(broken, "", None)).found == ()
    assert shop.saved


async def test_a_listing_made_by_hand_is_taken_over_and_can_be_ended(shop: Shop, sandbox: SandboxProcess) -> None:
    made = sandbox.make("ebay", "Old camera", "30.00", quantity=2)
    [page] = await everything(shop)
    [found] = page.found
    for _again in range(2):
        live = await shop.channel.adopt(shop.account, found, "HG-9")
        assert (live.live, live.price, live.quantity, live.external["listing"]) == (True, Money(3000, "USD"), 2, made["id"])
    assert sandbox.calls()["ebay.bulkMigrateListing"] == 1
    sandbox.buy("ebay", made["id"])
    await shop.channel.ensure_absent(shop.account, ref("HG-9", live))
    [listing] = sandbox.state("ebay")["listings"]
    assert (listing["state"], listing["sku"]) == ("ENDED", "HG-9")


async def test_what_ebay_does_not_move_is_refused_with_its_words(shop: Shop, sandbox: SandboxProcess) -> None:
    made = sandbox.make("ebay", "Old camera", "30.00", sku="MINE-1")
    found = Found(made["id"], "MINE-1", "Old camera", True)
    sandbox.end("ebay", made["id"])
    with pytest.raises(Refused) as caught:
        await shop.channel.adopt(shop.account, found, "MINE-1")
    assert "Cannot migrate listing" in str(caught.value.sentence)


def answering(body: bytes | str, status: int = 200) -> tuple[EbayChannel, Http]:
    data = body.encode() if isinstance(body, str) else body
    http = Http(transport=httpx.MockTransport(lambda request: httpx.Response(status, content=data)))
    return EbayChannel(Client(http, EbaySettings())), http


async def nothing(_: Any) -> None:
    return None


FRESH = {"access_token": "t", "expires_at": "2099-01-01T00:00:00+00:00"}
SELLER = Connection("a", FRESH, {}, nothing, nothing)


def failure(code: str, kind: str = "RequestError") -> str:
    error = f"<LongMessage>It says no.</LongMessage><ErrorCode>{code}</ErrorCode><SeverityCode>Error</SeverityCode>"
    head = '<GetMyeBaySellingResponse xmlns="urn:ebay:apis:eBLBaseComponents"><Ack>Failure</Ack>'
    return f"{head}<Errors>{error}<ErrorClassification>{kind}</ErrorClassification></Errors></GetMyeBaySellingResponse>"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (failure("518"), Busy),
        (failure("21919144"), Busy),
        (failure("10007"), Unreachable),
        (failure("12345", "SystemError"), Unreachable),
        (failure("12345"), Refused),
        ("<html><body>Maintenance</body></html>", Unreachable),
        ("no XML", Unreachable),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><Ack>Success</Ack></a>', Unreachable),
    ],
)
async def test_what_trading_says_is_one_of_our_errors(body: str, kind: type[Exception]) -> None:
    channel, http = answering(body)
    with pytest.raises(kind):
        await channel.page(SELLER, "", None)
    await http.close()


async def test_a_token_that_stays_refused_is_a_lost_account() -> None:
    channel, http = answering(failure("21917053"))
    account = replace(SELLER, credentials={**FRESH, "refresh_token": ""})
    with pytest.raises(AuthLost):
        await channel.page(account, "", None)
    await http.close()


async def test_no_address_but_ebays_own_is_asked_for_a_photo() -> None:
    channel, http = answering(b"")
    for url in ("https://evil.example/a.jpg", "http://i.ebayimg.com/a.jpg", "https://ebayimg.com.evil.example/a.jpg"):
        with pytest.raises(Refused):
            await channel.picture(SELLER, url)
    await http.close()


async def test_variations_and_auctions_are_not_plain() -> None:
    item = "<Item><ItemID>1</ItemID><ListingType>{kind}</ListingType>{more}</Item>"
    items = item.format(kind="Chinese", more="") + item.format(kind="FixedPriceItem", more="<Variations/>")
    root = f"<A><Ack>Success</Ack><ActiveList><ItemArray>{items}</ItemArray></ActiveList></A>"
    channel, http = answering(root)
    page = await channel.page(SELLER, "", None)
    assert [one.plain for one in page.found] == [False, False]
    await http.close()
