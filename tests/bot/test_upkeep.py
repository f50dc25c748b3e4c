"""What the clock looks after, apart from forgetting: damaged photos, leftovers, secrets that grow old."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.settings import secrets_of
from core.flows import upkeep
from storage.models import ItemPhoto, Notice, Photo, Setting
from tests.shop import TestShop, picture, settings_for


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def alerts(shop: TestShop) -> list[tuple[str, bool]]:
    """What was told of the house itself, and whether it is over; what the marketplaces' connections need is another matter."""
    async with shop.app.house.db.read() as session:
        ours = Notice.type.in_(("system_alert", "review_needed")) & (Notice.subject_kind != "account")
        query = select(Notice).where(ours).order_by(Notice.id)
        return [(row.title, row.solved_at is not None) for row in (await session.execute(query)).scalars()]


async def photo_of(shop: TestShop, number: int) -> Path:
    item = await shop.row(number)
    async with shop.app.house.db.read() as session:
        sha256 = (await session.execute(select(ItemPhoto.sha256).where(ItemPhoto.item_id == item.id))).scalar_one()
    return shop.app.settings.data_folder / "photos" / sha256[:2] / sha256[2:4] / f"{sha256}-large.webp"


async def test_a_damaged_photo_is_told_of_once_and_mended_by_sending_it_again(shop: TestShop) -> None:
    lamp, radio, sold = await shop.item("Brass lamp"), await shop.item("Old radio"), await shop.item("Cup")
    await shop.say(f"/sold {sold} 20 cash")
    (await photo_of(shop, sold)).unlink()
    await upkeep.check_photos(shop.app.house)
    assert await alerts(shop) == [], "nobody needs the photos of what is gone"

    (await photo_of(shop, lamp)).write_bytes(b"rot")
    for _ in range(2):
        await upkeep.check_photos(shop.app.house)
    await shop.idle()
    first = f"Photos of item {lamp} are damaged on the disk."
    assert await alerts(shop) == [(first, False)]
    assert first in await shop.text()

    (await photo_of(shop, radio)).unlink()
    await upkeep.check_photos(shop.app.house)
    both = f"Photos of items {lamp}, {radio} are damaged on the disk."
    assert await alerts(shop) == [(first, True), (both, False)]

    for words in ("Brass lamp", "Old radio"):
        await shop.photos(picture(words))
    await upkeep.check_photos(shop.app.house)
    assert await alerts(shop) == [(first, True), (both, True)]


async def test_orphans_go_after_a_week_and_leftovers_after_a_day(shop: TestShop) -> None:
    number = await shop.item()
    orphan = await shop.app.house.photos.put(picture("nobody's"))
    kept = await photo_of(shop, number)
    leftover = kept.with_name(".part-of-a-photo")
    leftover.write_bytes(b"half")

    async def after(days: float) -> int:
        shop.clock.move(days=days)
        return await upkeep.sweep_photos(shop.app.house)

    assert await after(0.9) == 0
    assert leftover.exists()
    assert await after(0.2) == 0
    assert not leftover.exists()
    assert await after(6) == 1
    assert kept.exists()
    async with shop.app.house.db.read() as session:
        assert orphan.sha256 not in (await session.execute(select(Photo.sha256))).scalars().all()
        assert (await session.execute(select(Photo.sha256))).scalars().all()


async def test_a_secret_that_was_not_changed_for_three_months_is_reminded_of(shop: TestShop) -> None:
    old, new = secrets.token_hex(16), secrets.token_hex(16)

    async def after(days: float, value: str) -> list[tuple[str, bool]]:
        shop.clock.move(days=days)
        await upkeep.mind_secrets(shop.app.house, {"HAGGLE_EBAY_CLIENT_SECRET": value})
        return await alerts(shop)

    told = "HAGGLE_EBAY_CLIENT_SECRET has been the same for 90 days."
    assert await after(0, old) == []
    assert await after(89, old) == []
    assert await after(2, old) == [(told, False)]
    assert await after(1, old) == [(told, False)]
    assert await after(1, new) == [(told, True)]
    assert await after(89, new) == [(told, True)]
    async with shop.app.house.db.read() as session:
        kept = (await session.execute(select(Setting.value).where(Setting.name == "secrets"))).scalar_one()
    assert not any(part in repr(kept) for part in (old[:12], new[:12]))


def test_which_secrets_grow_old(shop: TestShop, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, shop.sandbox, database_url="postgresql://haggle@localhost/haggle")
    assert set(secrets_of(settings)) == {
        "HAGGLE_EBAY_CLIENT_SECRET", "HAGGLE_EBAY_VERIFICATION_TOKEN", "HAGGLE_SHOPIFY_CLIENT_SECRET",
    }  # fmt: skip
    assert secrets_of(settings.model_copy(update={"sandbox": True})) == {}
