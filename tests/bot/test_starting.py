"""A start goes on at once with what an earlier process held back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sandbox_process import SandboxProcess
from tests.shop import open_shop


async def test_switched_on_again_what_was_held_is_not_held_a_minute_longer(
    tmp_path: Path, sandbox: SandboxProcess, database_url: str
) -> None:
    same: dict[str, Any] = {"url": database_url, "public_url": "http://127.0.0.1:9"}  # moved to another address, it would look at all anew
    async with open_shop(tmp_path, sandbox, **same) as shop:
        number = await shop.item()
        await shop.say(f"/publish {number}")
    async with open_shop(tmp_path, sandbox, connect=False, outward="off", **same) as shop:
        await shop.say(f"/sold {number} 80 cash")
        assert await shop.live(number) == ["ebay", "shopify"]
    async with open_shop(tmp_path, sandbox, connect=False, **same) as shop:
        await shop.idle()
        assert await shop.live(number) == []
