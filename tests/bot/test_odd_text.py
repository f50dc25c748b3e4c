"""Text that no database keeps never reaches one, on either database."""

from __future__ import annotations

from tests.shop import TestShop


async def test_a_nul_in_a_message_harms_nobody(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} title Brass\0 lamp \x07with shade")
    assert (await shop.row(number)).title == "Brass lamp with shade"
    await shop.hear(text="\0")
    await shop.hear(press="\0", message="\0")
    await shop.say("/items")
    assert "Brass lamp with shade" in await shop.text()
