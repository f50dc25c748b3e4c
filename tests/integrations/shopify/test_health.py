"""What a check finds when Shopify has not approved the app, and when it has deleted our subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused
from core.values.channel import Connection
from integrations.http import Http
from integrations.shopify.channel import ShopifyChannel
from integrations.shopify.connect import ShopifyConnector
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import SHOP, approve, connected, ref, settings_for, wanted


@contextmanager
def stand_in(folder: Path, **settings: Any) -> Iterator[SandboxProcess]:
    process = SandboxProcess.start(folder, **settings)
    yield process
    process.close()


async def test_an_app_without_customers_data_says_what_to_ask_shopify_for(tmp_path: Path, http: Http) -> None:
    async def nothing(_: Any) -> None:
        return None

    with stand_in(tmp_path, shopify_customer_data=False) as process:
        settings = settings_for(process, public_url="https://ours.example")
        connector = ShopifyConnector(http, settings)
        credentials = await connector.finish(approve(connector.consent_url("state", SHOP)), SHOP)
        account = Connection("account", credentials, {}, nothing, nothing)
        channel = ShopifyChannel(http, settings)
        health = await channel.check(account)
        [problem] = health.problems
        assert "Protected customer data access" in problem
        assert health.settings["webhooks"] is False
        assert "sales come by polling" in health.settings["webhook_problem"]
        with pytest.raises(Refused, match="Protected customer data access"):
            await channel.orders_since(account, datetime.now(UTC))
        assert process.calls()["shopify.webhookSubscriptionCreate"] == 4


async def test_webhooks_that_shopify_deleted_come_back_with_the_next_check(tmp_path: Path, http: Http) -> None:
    with stand_in(tmp_path, delivery_waits=[]) as process, Receiver(answers=[500]) as receiver:
        shop = await connected(process, http, public_url=receiver.url.removesuffix("/hook"))
        assert (shop.account.settings["webhooks"], shop.account.settings["webhook_problem"]) == (True, "")
        assert shop.channel.capabilities.webhooks
        await shop.channel.ensure_listed(shop.account, wanted(quantity=2), ref())
        process.buy("shopify", "HG-7")
        receiver.next()  # which it did not take
        async with asyncio.timeout(30):
            while process.calls()["shopify.webhookSubscriptionCreate"] < 5:
                assert (await shop.channel.check(shop.account)).settings["webhooks"] is True
        process.buy("shopify", "HG-7")
        assert receiver.next().headers["x-shopify-topic"] == "orders/create"
