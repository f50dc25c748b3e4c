"""Consent, tokens, and what a check finds and sets up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import AuthLost, Missing, Refused
from core.values.channel import Connection
from integrations.ebay.channel import EbayChannel
from integrations.ebay.client import Client
from integrations.ebay.connect import EbayConnector
from integrations.ebay.health import choose_policy, location_body
from integrations.ebay.settings import SCOPES, WORLDS, EbaySettings
from integrations.http import Http
from tests.clock import TestClock
from tests.ebay_shop import Shop, answer_consent, connected, ref, settings_for, wanted
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess


def connector(sandbox: SandboxProcess, http: Http, **more: Any) -> EbayConnector:
    return EbayConnector(Client(http, settings_for(sandbox, **more)))


async def test_consent_asks_for_everything_once_and_gives_credentials(sandbox: SandboxProcess, http: Http) -> None:
    made = connector(sandbox, http)
    query = parse_qs(urlsplit(made.consent_url("the-state")).query)
    assert query["scope"][0].split() == list(SCOPES)
    assert query["state"] == ["the-state"]
    back = answer_consent(made.consent_url("the-state"))
    assert back["state"] == "the-state"
    credentials = await made.finish(back)
    assert set(credentials) == {"access_token", "refresh_token", "expires_at", "refresh_expires_at", "scopes"}
    assert datetime.fromisoformat(credentials["expires_at"]) > datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(Refused, match="older than five minutes"):
        await made.finish(back)


async def test_a_declined_consent_and_a_useless_address(sandbox: SandboxProcess, http: Http) -> None:
    made = connector(sandbox, http)
    with pytest.raises(Refused, match="declined"):
        await made.finish(answer_consent(made.consent_url("s"), "decline"))
    with pytest.raises(Missing, match="whole address"):
        await made.finish({"state": "s"})


async def test_missing_and_wrong_keys(sandbox: SandboxProcess, http: Http) -> None:
    with pytest.raises(Missing, match="HAGGLE_EBAY_RU_NAME"):
        connector(sandbox, http, ru_name="").consent_url("s")
    back = answer_consent(connector(sandbox, http).consent_url("s"))
    with pytest.raises(Refused, match="does not know this app"):
        await connector(sandbox, http, client_secret="wrong").finish(back)


def test_both_of_ebays_worlds_have_a_name() -> None:
    assert WORLDS["production"].api_url == EbaySettings().api_url == "https://api.ebay.com"
    assert all(".sandbox.ebay.com" in url for url in (WORLDS["sandbox"].api_url, WORLDS["sandbox"].media_url, WORLDS["sandbox"].auth_url))
    with pytest.raises(ValueError, match="HAGGLE_EBAY_MARKETPLACE"):
        EbaySettings(marketplace="EBAY_MOON")


async def test_a_token_is_renewed_before_it_expires_once_for_many_calls(sandbox: SandboxProcess, http: Http) -> None:
    clock = TestClock()
    shop = await connected(sandbox, http, clock.now)
    clock.move(hours=2, minutes=-4)
    asked = sandbox.calls()["ebay.token"]
    await asyncio.gather(*(shop.channel.state(shop.account, ref()) for _ in range(5)))
    assert sandbox.calls()["ebay.token"] == asked + 1
    [saved] = shop.saved
    assert saved["access_token"] != shop.account.credentials["access_token"]
    assert saved["refresh_token"] == shop.account.credentials["refresh_token"]


async def test_a_token_that_ebay_refuses_is_renewed_at_once(shop: Shop, sandbox: SandboxProcess) -> None:
    broken = shop.with_credentials(access_token="v^1.1#not-one")
    assert not (await shop.channel.state(broken, ref())).live
    assert len(shop.saved) == 1


async def test_a_revoked_connection_is_lost(shop: Shop, sandbox: SandboxProcess) -> None:
    revoked = shop.with_credentials(access_token="v^1.1#not-one", refresh_token="v^1.1#r-not-one")
    with pytest.raises(AuthLost, match="Connect it again"):
        await shop.channel.state(revoked, ref())
    assert shop.saved == []


async def test_a_permission_that_was_not_given_is_a_lost_connection(shop: Shop, sandbox: SandboxProcess) -> None:
    tokens = sandbox.ebay_tokens(SCOPES[:1])
    few = shop.with_credentials(access_token=tokens["access_token"], refresh_token=tokens["refresh_token"])
    with pytest.raises(AuthLost, match="permission"):
        await shop.channel.orders_since(few, datetime.now(UTC))


async def test_a_forgotten_account_starts_from_its_credentials(shop: Shop) -> None:
    broken = shop.with_credentials(access_token="v^1.1#not-one")
    await shop.channel.state(broken, ref())
    shop.channel.forget(broken)
    await shop.channel.state(broken, ref())
    assert len(shop.saved) == 2


async def test_a_check_learns_what_listing_needs(shop: Shop, sandbox: SandboxProcess) -> None:
    health = await shop.channel.check(shop.account)
    assert health.name == "sandbox_seller"
    assert health.external_id
    kept = health.settings
    assert {"payment_policy", "return_policy", "fulfillment_policy"} <= set(kept)
    assert (kept["location"], kept["currency"], kept["webhooks"]) == ("haggle", "USD", False)
    assert sandbox.calls()["ebay.createInventoryLocation"] == 1


async def test_a_check_says_what_is_missing(sandbox: SandboxProcess, http: Http) -> None:
    fresh = await connected_without_address(sandbox, http)
    health = await fresh.channel.check(fresh.account)
    assert health.problems == ("eBay wants to know where you ship from. Tell me the country and the postcode.",)
    client = Client(http, settings_for(sandbox, marketplace="EBAY_GB"))
    problems = (await EbayChannel(client).check(fresh.account)).problems
    assert sum("policy" in one for one in problems) == 3


async def connected_without_address(sandbox: SandboxProcess, http: Http) -> Shop:
    client = Client(http, settings_for(sandbox))
    made = EbayConnector(client)
    credentials = await made.finish(answer_consent(made.consent_url("s")))

    async def nothing(_: Any) -> None:
        return None

    return Shop(EbayChannel(client), client, Connection("account", credentials, {}, nothing, nothing))


async def test_a_seller_without_business_policies_is_connected_and_told_how_to_get_them(shop: Shop, sandbox: SandboxProcess) -> None:
    async def program(way: str) -> None:
        url = f"{shop.client.settings.account}/program/{way}"
        await shop.client.as_seller(shop.account, "POST", url, json={"programType": "SELLING_POLICY_MANAGEMENT"})

    await program("opt_out")
    health = await shop.channel.check(shop.account)
    assert health.external_id
    [problem] = health.problems
    assert "Switch them on at ebay.com/bp" in problem
    await program("opt_in")
    assert (await shop.channel.check(shop.account)).problems == ()


@pytest.fixture
def served(sandbox: SandboxProcess) -> Iterator[tuple[Receiver, dict[str, Any]]]:
    """An endpoint of ours, and the settings that name it."""
    with Receiver() as receiver:
        public = receiver.url.removesuffix("/hook")
        # eBay signs its challenge with the address as we gave it.
        receiver.url = f"{public}/webhooks/ebay"
        yield receiver, {"public_url": public, "verification_token": receiver.token, "alert_email": "alerts@haggle.example"}


Served = tuple[Receiver, dict[str, Any]]


async def test_webhooks_are_set_up_once(sandbox: SandboxProcess, http: Http, served: Served) -> None:
    shop = await connected(sandbox, http, **served[1])
    assert shop.account.settings["webhooks"] is True
    assert shop.account.settings["webhook_problem"] == ""
    await shop.channel.check(shop.account)
    calls = sandbox.calls()
    assert calls["ebay.createDestination"] == 2  # the first told that an alert address comes first
    assert calls["ebay.createSubscription"] == 2
    assert shop.channel.capabilities.webhooks


async def test_a_topic_that_ebay_refuses_takes_no_other_with_it(sandbox: SandboxProcess, http: Http, served: Served) -> None:
    shop = await connected(sandbox, http, **served[1])
    scopes = [*SCOPES, "https://api.ebay.com/oauth/api_scope/commerce.shipping"]  # eBay does not think so
    health = await shop.channel.check(shop.with_credentials(scopes=scopes))
    assert sandbox.calls()["ebay.createSubscription"] == 3
    assert (health.settings["webhooks"], health.settings["webhook_problem"]) == (True, "")


async def test_without_the_permission_for_orders_there_are_no_webhooks_and_it_says_so(
    sandbox: SandboxProcess, http: Http, served: Served
) -> None:
    shop = await connected(sandbox, http, **served[1])
    few = shop.with_credentials(scopes=[one for one in SCOPES if not one.endswith(("fulfillment", "subscription"))])
    health = await shop.channel.check(few)
    assert health.settings["webhooks"] is False
    assert "sell.fulfillment" in health.settings["webhook_problem"]
    assert health.problems == ()


async def test_webhooks_that_ebay_marked_down_or_lost_come_back_with_the_next_check(
    sandbox: SandboxProcess, http: Http, served: Served
) -> None:
    receiver, more = served
    shop = await connected(sandbox, http, **more)
    base, client = shop.client.settings.notification, shop.client
    [destination] = (await client.as_app("GET", f"{base}/destination")).object()["destinations"]
    body = {"status": "DISABLED", "deliveryConfig": destination["deliveryConfig"]}
    await client.as_app("PUT", f"{base}/destination/{destination['destinationId']}", json=body)
    listed = (await client.as_seller(shop.account, "GET", f"{base}/subscription")).object()["subscriptions"]
    for one in listed:
        if one["topicId"] == "ORDER_CONFIRMATION":
            await client.as_seller(shop.account, "DELETE", f"{base}/subscription/{one['subscriptionId']}")
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert (await shop.channel.check(shop.account)).settings["webhooks"] is True
    sandbox.buy("ebay", live.external["listing"])
    assert receiver.next().json()["metadata"]["topic"] == "ORDER_CONFIRMATION"


async def test_trouble_with_webhooks_is_told_and_stops_nothing(sandbox: SandboxProcess, http: Http) -> None:
    shop = await connected(sandbox, http, public_url="https://haggle.example", verification_token="t" * 40)
    assert shop.account.settings["webhooks"] is False
    assert "HAGGLE_EBAY_ALERT_EMAIL" in shop.account.settings["webhook_problem"]


def test_which_policy_is_taken() -> None:
    one = {"paymentPolicyId": "1", "name": "Plain"}
    two = {"paymentPolicyId": "2", "name": "Other"}
    assert choose_policy([], "paymentPolicyId", "") == ""
    assert choose_policy([one], "paymentPolicyId", "9") == "1"
    assert choose_policy([one, two], "paymentPolicyId", "") == ""
    assert choose_policy([one, two], "paymentPolicyId", "2") == "2"
    assert choose_policy([one, two | {"name": "For Haggle"}], "paymentPolicyId", "") == "2"
    assert choose_policy([one, two | {"categoryTypes": [{"name": "ALL", "default": True}]}], "paymentPolicyId", "") == "2"


def test_where_it_ships_from() -> None:
    assert location_body({"country": "de", "postcode": "10115"})["location"] == {"address": {"country": "DE", "postalCode": "10115"}}
    for less in ({}, {"country": "DE"}, {"postcode": "10115"}, {"country": "DE", "city": "Berlin"}):
        with pytest.raises(Missing):
            location_body(less)


async def test_a_location_that_exists_is_taken(shop: Shop, sandbox: SandboxProcess) -> None:
    nowhere = replace(shop.account, settings={})
    assert (await shop.channel.check(nowhere)).settings["location"] == "haggle"
    assert sandbox.calls()["ebay.createInventoryLocation"] == 1
