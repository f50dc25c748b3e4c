"""The seller's main job, end to end: photos become live listings, and a sale on one takes the others down."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import TestShop, open_shop, picture


async def drafted(shop: TestShop) -> None:
    """A photo, and everything that has to be answered."""
    await shop.photos(picture("ACME LAMP"), text="Acme brass desk lamp, want 80 min 60 paid 20 good condition")
    await shop.until("Acme brass desk lamp")
    for _ in range(8):
        if "Still to answer" not in await shop.text():
            break
        await shop.answer_first()


async def test_photos_to_live_to_sold_to_gone(tmp_path: Path, sandbox: SandboxProcess) -> None:  # noqa: F811
    async with open_shop(tmp_path, sandbox) as shop:
        await drafted(shop)
        await shop.press("Publish on")
        await shop.until("live at $80.00")
        live = [one for one in sandbox.state("ebay")["listings"] if one["state"] == "ACTIVE"]
        assert [one["title"] for one in live] == ["Acme brass desk lamp"]
        assert len([one for one in sandbox.state("shopify")["listings"] if one["state"] == "ACTIVE"]) == 1
        assert "yours to list" in await shop.text()
        await shop.press("It is up")

        sandbox.buy("ebay", live[0]["sku"])
        async with shop.app.house.db.write() as session:
            from sqlalchemy import update

            from storage.db import wake
            from storage.models import Account

            ids = (await session.execute(update(Account).values(due_at=shop.app.house.db.now()).returning(Account.id))).scalars().all()
            for one in ids:
                wake(session, "account", one)
        await shop.until("Sold on eBay", "yours to take down")
        await shop.idle()
        assert not [one for one in sandbox.state("shopify")["listings"] if one["state"] == "ACTIVE"]
        text = await shop.text()
        assert "Earned" in text
        await shop.press("It is down")
        assert "yours to take down" not in (await shop.posts())[-1].card
