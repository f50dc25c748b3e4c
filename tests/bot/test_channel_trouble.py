"""Connections that work but for something at the marketplace, which the seller is told how to mend."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update

from core.values.states import AccountState
from storage.models import Account, Notice
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def account(shop: TestShop, kind: str) -> Account:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Account).where(Account.channel == kind))).scalar_one()


async def poll(shop: TestShop, kind: str) -> None:
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel == kind).values(due_at=shop.app.house.db.now()))
    await shop.tick()


async def test_an_app_that_shopify_has_not_approved_stays_connected_and_says_what_to_ask_for(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "stand-in").mkdir()
    process = SandboxProcess.start(tmp_path / "stand-in", shopify_customer_data=False)
    try:
        async with open_shop(tmp_path, process, url=database_url) as shop:
            await poll(shop, "shopify")
            assert (await account(shop, "shopify")).state == AccountState.ACTIVE
            async with shop.app.house.db.read() as session:
                lost = (await session.execute(select(Notice.id).where(Notice.type == "account_lost"))).scalars().all()
            assert lost == []
            await shop.say("/channels")
            assert "Protected customer data access" in await shop.last()
    finally:
        process.close()


async def test_a_seller_outside_business_policies_is_connected(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    token = sandbox.ebay_tokens()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, headers=headers, base_url=sandbox.url) as seller:
        left = await seller.post("/ebay/sell/account/v1/program/opt_out", json={"programType": "SELLING_POLICY_MANAGEMENT"})
    assert left.status_code == 200
    async with open_shop(tmp_path, sandbox, url=database_url) as shop:
        await shop.idle()
        assert (await account(shop, "ebay")).state == AccountState.ACTIVE
        await shop.say("/channels")
        assert "Switch them on at ebay.com/bp" in await shop.last()


async def test_channels_say_how_late_a_sale_is_noticed(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    async with open_shop(tmp_path, sandbox, url=database_url, public_url="") as shop:
        await shop.say("/channels")
        told = await shop.last()
        assert told.count("sales are noticed within 90 s") == 2
        assert "at once" not in told
