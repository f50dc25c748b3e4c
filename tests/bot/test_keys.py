"""A key that is lost is said at once, one that is back mends it, and one that is old can be dropped."""

from __future__ import annotations

import secrets
from io import StringIO
from pathlib import Path

from sqlalchemy import select

from bot import doctor
from core.flows import buyers
from core.values.states import AccountState
from storage.models import Account, Order
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop


async def states(shop: TestShop) -> dict[str, str]:
    async with shop.app.house.db.read() as session:
        return {row.channel: row.state for row in (await session.execute(select(Account))).scalars()}


async def examined(shop: TestShop) -> tuple[int, str]:
    """The doctor's exit code, and what it says about keys."""
    out = StringIO()
    code = await doctor.examine(shop.app.settings, out)
    return code, next(line for line in out.getvalue().splitlines() if line[6:10] == "keys")


async def test_a_lost_key_is_said_at_the_start_and_can_come_back(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    async with open_shop(tmp_path, sandbox, url=database_url) as shop:
        number = await shop.item()
        await shop.say(f"/publish {number}")
        assert (shop.app.unopened, await examined(shop)) == (0, (0, "ok    keys          whatever is sealed can be opened"))
    key = tmp_path / "secret.key"
    old = key.read_text()
    key.unlink()

    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as shop:
        assert shop.app.unopened == 2
        assert await states(shop) == {"ebay": AccountState.EXPIRED, "shopify": AccountState.EXPIRED, "poshmark": AccountState.ACTIVE}
        await shop.idle()
        assert "The key to eBay" in await shop.text()
        code, told = await examined(shop)
        assert code == 1
        assert told.startswith("bad ")
        assert f"{key}, as a line below the new one" in told

    key.write_text(key.read_text() + old)
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as shop:
        assert shop.app.unopened == 0
        assert set((await states(shop)).values()) == {AccountState.ACTIVE}
        await shop.say(f"/delist {number} ebay")
        assert await shop.live(number) == ["shopify"]


async def test_an_account_whose_key_is_lost_can_be_disconnected(tmp_path: Path, sandbox: SandboxProcess) -> None:
    async with open_shop(tmp_path, sandbox):
        pass
    (tmp_path / "secret.key").unlink()
    async with open_shop(tmp_path, sandbox, connect=False) as shop:
        await shop.say("/disconnect shopify")
        await shop.press("Disconnect")
        assert (await states(shop))["shopify"] == AccountState.DISCONNECTED


async def test_a_key_can_be_changed_and_the_old_one_dropped(tmp_path: Path, sandbox: SandboxProcess) -> None:
    async with open_shop(tmp_path, sandbox) as shop:
        number = await shop.item()
        await shop.say(f"/publish {number}")
        await shop.buy("ebay", number)
        async with shop.app.house.db.read() as session:
            order = (await session.execute(select(Order))).scalar_one()
        handle = shop.app.house.keyring.open(order.buyer, order.id)["handle"]
    key = tmp_path / "secret.key"
    new = secrets.token_hex(32) + "\n"
    key.write_text(new + key.read_text())

    async with open_shop(tmp_path, sandbox, connect=False) as shop:
        code, told = await examined(shop)
        assert (code, told[:4]) == (0, "warn")
        assert "3 sealed values need an older key still" in told
        assert await forget(shop, handle, undo=True) == 1, "a buyer is found by either key"
        await shop.app.ticker.catch_up()
        assert "nothing needs the older ones any more" in (await examined(shop))[1]

    key.write_text(new)
    async with open_shop(tmp_path, sandbox, connect=False) as shop:
        assert shop.app.unopened == 0
        assert await forget(shop, handle) == 1


class UndoneError(Exception):
    """Rolls a trial back."""


async def forget(shop: TestShop, handle: str, *, undo: bool = False) -> int:
    """How many orders of a buyer are forgotten; with `undo` only tried."""
    found = 0
    try:
        async with shop.app.house.db.write() as session:
            found = await buyers.forget(session, shop.app.house, (handle,), actor="system")
            if undo:
                raise UndoneError
    except UndoneError:
        pass
    return found
