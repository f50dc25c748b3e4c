"""Conversations as scripts: each `*.talk` here is replayed on the real app through the terminal.

Beside what every script may say (`bot/surfaces/terminal.py`) these also know the world around Haggle:

    item TITLE                       an item with everything answered, at $80, as if its photos had been read
    buy ebay 1 [unpaid] [2]          a buyer buys item 1 there (“unheard”: and Haggle is not waited for)
    cancel ebay                      the buyer of the last order there cancels it
    live 1 ebay shopify              item 1 can be bought exactly there, asked of the marketplaces ("live 1" alone: nowhere)
    fault ebay publishOffer drop     one fault: the work is done, the answer is lost (error500, busy, hang, drop, webhook_lost …)
    later 70 minutes                 time passes
    edit ebay 1 price 90             the seller edits item 1 on eBay's own site (price, quantity)
    made ebay 30 Old camera          the seller lists something there by hand, for $30
    gone ebay Old camera             that cannot be bought there any more
"""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.surfaces.terminal import Extra, Stopped, talk
from core.flows import sessions
from tests.bot.test_rolls import shot
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import TestShop, open_shop, picture

SCRIPTS = sorted(Path(__file__).parent.glob("*.talk"))


class World:
    """The directives of a script that Haggle itself knows nothing of."""

    def __init__(self, shop: TestShop) -> None:
        self._shop = shop
        self._orders: dict[str, str] = {}

    def extras(self) -> dict[str, Extra]:
        return {"item": self.item, "buy": self.buy, "cancel": self.cancel, "live": self.live, "fault": self.fault, "later": self.later,
            "edit": self.edit, "made": self.made, "gone": self.gone,
        }  # fmt: skip

    async def item(self, title: str) -> str:
        return f"item {await self._shop.item(title)} is ready"

    async def buy(self, words: str) -> str:
        marketplace, number, *rest = words.split()
        count = next((int(one) for one in rest if one.isdigit()), 1)
        order = await self._shop.buy(marketplace, int(number), heard="unheard" not in rest, paid="unpaid" not in rest, quantity=count)
        self._orders[marketplace] = str(order.get("orderId") or order["id"])
        return "bought"

    async def cancel(self, marketplace: str) -> str:
        await asyncio.to_thread(self._shop.sandbox.cancel, marketplace, self._orders[marketplace])
        return "cancelled"

    async def live(self, words: str) -> str:
        number, *wanted = words.split()
        async with asyncio.timeout(20):
            while (found := await self._shop.live(int(number))) != wanted:
                if not await self._moves():
                    raise Stopped(f"item {number} is live on {found or 'nothing'}, not on {wanted or 'nothing'}")
        return f"item {number} is live on {', '.join(found) or 'nothing'}"

    async def _moves(self) -> bool:
        """Whether Haggle still had something to do, or has something to do in a moment (a retry waits for its time)."""
        await self._shop.idle()
        return await self._shop.waits()

    async def fault(self, words: str) -> str:
        marketplace, operation, kind = words.split()
        await asyncio.to_thread(self._shop.sandbox.fault, kind, marketplace=marketplace, operation=operation, count=1)
        return "from now on"

    async def edit(self, words: str) -> str:
        marketplace, number, what, value = words.split()
        sku = (await self._shop.row(int(number))).sku
        there = next(one["id"] for one in self._shop.sandbox.state(marketplace)["listings"] if one["sku"] == sku)
        await asyncio.to_thread(self._shop.sandbox.edit, marketplace, there, **{what: value})
        return "edited there"

    async def made(self, words: str) -> str:
        marketplace, price, title = words.split(maxsplit=2)
        await asyncio.to_thread(self._shop.sandbox.make, marketplace, title, price)
        return "listed there by hand"

    async def gone(self, words: str) -> str:
        marketplace, title = words.split(maxsplit=1)
        async with asyncio.timeout(20):
            while any(one["title"] == title and one["state"] == "ACTIVE" for one in self._shop.sandbox.state(marketplace)["listings"]):
                if not await self._moves():
                    raise Stopped(f"“{title}” is still live on {marketplace}")
        return "gone"

    async def later(self, words: str) -> str:
        amount, unit = words.split()
        self._shop.clock.move(**{unit: float(amount)})
        await self._shop.tick()
        return "it is later"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photos that scripts name, with what is written on them."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, words in (("lamp.jpg", "ACME LAMP"), ("label.jpg", "Model: LX-200"), ("shoe.jpg", "NIKE"), ("box.jpg", "SIZE US 10")):
        (folder / name).write_bytes(picture(words))
    (folder / "letter.jpg").write_text("This is no photo.")
    (folder / "orders.csv").write_text("marketplace,order,title,price\nMercari,m1,Acme brass lamp,30.00\n")
    roll = folder / "roll"
    roll.mkdir()
    for place in range(6):
        (roll / f"IMG_{place}.JPG").write_bytes(shot(f"{place}", place // 2 * 1000 + place % 2 * 4, side=96))
    (roll / "IMG_9.JPG").write_text("This is no photo.")
    return folder


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
async def test_talk(script: Path, tmp_path: Path, sandbox: SandboxProcess, pictures: Path) -> None:  # noqa: F811
    text = script.read_text()  # noqa: ASYNC240 - a short file
    async with open_shop(tmp_path, sandbox) as shop:
        token = await sessions.open_session(shop.app.house, shop.person)
        headers = {"Authorization": f"Bearer {token}"}
        out = io.StringIO()
        async with httpx.AsyncClient(base_url=shop.url, headers=headers, trust_env=False, timeout=30) as client:
            code = await talk(client, lines(text, pictures), out, interactive=False, extras=World(shop).extras(), folder=tmp_path)
    assert code == 0, out.getvalue()


async def lines(text: str, pictures: Path) -> AsyncIterator[str]:
    """The script's lines, its photos found where they are."""
    for line in text.splitlines():
        words = line.split()
        names_files = words[:1] in (["photo"], ["bulk"])
        yield " ".join(str(pictures / word) if word.endswith((".jpg", ".csv", "roll")) else word for word in words) if names_files else line


def test_there_are_enough_talks() -> None:
    assert len(SCRIPTS) >= 40
    assert os.path.basename(SCRIPTS[0]) == "01-main-job.talk"
