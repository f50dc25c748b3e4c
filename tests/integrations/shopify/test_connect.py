"""Consent, tokens and what a check finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import AuthLost, Invalid, Missing, Refused
from integrations.http import Http
from integrations.shopify.channel import ShopifyChannel
from integrations.shopify.connect import ShopifyConnector
from integrations.shopify.settings import ShopifySettings, shop_domain
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import SHOP, Shop, approve, connected, ref, settings_for


async def test_a_consent_becomes_credentials_that_expire(shop: Shop) -> None:
    credentials = shop.account.credentials
    assert credentials["shop"] == "sandbox-shop.myshopify.com"
    assert credentials["refresh_token"]
    assert datetime.fromisoformat(credentials["expires_at"]) < datetime.now(UTC) + timedelta(hours=2)


async def test_a_changed_callback_is_refused(sandbox: SandboxProcess, http: Http) -> None:
    connector = ShopifyConnector(http, settings_for(sandbox))
    query = approve(connector.consent_url("state", SHOP))
    with pytest.raises(Refused, match="does not come from Shopify"):
        await connector.finish({**query, "shop": "another.myshopify.com"}, "")
    with pytest.raises(Refused, match="not for the shop"):
        await connector.finish(query, "another")
    await connector.finish(query, SHOP)
    with pytest.raises(Refused):  # a code is good once
        await connector.finish(query, SHOP)


async def test_wrong_app_keys_are_the_settings_fault(sandbox: SandboxProcess, http: Http) -> None:
    good = settings_for(sandbox)
    query = approve(ShopifyConnector(http, good).consent_url("state", SHOP))
    rotated = replace(good, client_secret="wrong", previous_secret=good.client_secret)
    with pytest.raises(Refused, match="id and secret"):
        await ShopifyConnector(http, rotated).finish(query, SHOP)


TYPED = ["mystore", " MyStore ", "mystore.myshopify.com", "https://mystore.myshopify.com/admin", "admin.shopify.com/store/mystore"]


@pytest.mark.parametrize("typed", TYPED)
def test_a_shop_may_be_typed_in_many_ways(typed: str) -> None:
    assert shop_domain(typed) == "mystore.myshopify.com"


@pytest.mark.parametrize("typed", ["", "my store", "evil.example.com", "a.myshopify.com.evil.com", "-x", "x@y", "shop.com#.myshopify.com"])
def test_what_is_no_shop_is_invalid(typed: str) -> None:
    with pytest.raises(Invalid):
        shop_domain(typed)


async def test_without_the_apps_keys_it_says_which_settings(http: Http) -> None:
    with pytest.raises(Missing, match="HAGGLE_SHOPIFY_CLIENT_ID"):
        ShopifyConnector(http, ShopifySettings()).consent_url("state", SHOP)


async def test_an_expired_token_is_renewed_and_kept(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.shift_clock(2 * 3600)
    assert (await shop.channel.state(shop.account, ref())).live is False
    [saved] = shop.saved
    assert saved["access_token"] != shop.account.credentials["access_token"]
    assert saved["refresh_token"] != shop.account.credentials["refresh_token"]
    assert saved["shop"] == shop.account.credentials["shop"]


async def test_a_lost_answer_to_a_renewal_does_not_lose_the_account(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.shift_clock(2 * 3600)
    sandbox.fault("drop", marketplace="shopify", operation="access_token", count=1)
    with pytest.raises(Exception, match="cannot be reached"):
        await shop.channel.state(shop.account, ref())
    assert (await shop.channel.state(shop.account, ref())).live is False


async def test_a_bad_token_loses_the_account(shop: Shop) -> None:
    for broken in (
        shop.with_credentials(access_token="bad", refresh_token="bad"),
        shop.with_credentials(access_token="bad", refresh_token=""),
    ):
        with pytest.raises(AuthLost):
            await shop.channel.state(broken, ref())


async def test_a_missing_permission_loses_the_account_and_check_names_it(sandbox: SandboxProcess, http: Http) -> None:
    narrow = settings_for(sandbox, scopes=("write_products", "read_locations", "read_publications"))
    connector = ShopifyConnector(http, narrow)
    credentials = await connector.finish(approve(connector.consent_url("state", SHOP)), SHOP)
    shop = await connected(sandbox, http)
    account = replace(shop.account, account_id="narrow", credentials=credentials)
    # The newer consent has ended this one, as at Shopify: consent once more.
    account = replace(account, credentials=await connector.finish(approve(connector.consent_url("state", SHOP)), SHOP))
    with pytest.raises(AuthLost):
        await shop.channel.order(account, "gid://shopify/Order/1")
    health = await shop.channel.check(account)
    assert "write_orders" in health.problems[0]


async def test_an_unknown_shop_is_refused(shop: Shop) -> None:
    with pytest.raises(Refused, match="no such Shopify shop"):
        await shop.channel.state(shop.with_credentials(shop="unheard-of.myshopify.com"), ref())


async def test_check_learns_what_the_account_needs(shop: Shop) -> None:
    assert set(shop.account.settings) == {"shop", "currency", "publication", "location", "webhooks", "webhook_problem"}
    assert (shop.account.settings["webhooks"], shop.account.settings["webhook_problem"]) == (False, "")
    assert not shop.channel.capabilities.webhooks
    assert shop.account.settings["currency"] == "USD"


async def test_webhooks_are_subscribed_once_and_follow_a_new_address(sandbox: SandboxProcess, http: Http) -> None:
    shop = await connected(sandbox, http, public_url="https://first.example")
    again = ShopifyChannel(http, settings_for(sandbox, public_url="https://first.example"))
    await again.check(shop.account)
    assert sandbox.calls()["shopify.webhookSubscriptionCreate"] == 4
    moved = ShopifyChannel(http, settings_for(sandbox, public_url="https://second.example"))
    assert (await moved.check(shop.account)).problems == ()
    assert sandbox.calls()["shopify.webhookSubscriptionCreate"] == 4
    assert sandbox.calls()["shopify.webhookSubscriptionUpdate"] == 4


async def test_without_settings_the_places_are_looked_up(shop: Shop) -> None:
    assert (await shop.channel.state(replace(shop.account, settings={}), ref())).live is False


async def test_categories_come_from_the_taxonomy(shop: Shop) -> None:
    found = await shop.channel.categories(shop.account, "Canon camera")
    assert [one.name for one in found] == ["Cameras & Optics"]
    assert await shop.channel.aspects(shop.account, found[0].id) == []
