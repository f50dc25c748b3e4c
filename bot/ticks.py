"""What the clock does, and how often.

Sweeping and comparing clocks is every process's own business; the rest is done once, by whoever is first. Nothing that must not be
lost is a tick: that is a row with a due time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from bot.clock import Ticker
from core.flows import buyers, digest, health, parcels, quantities, reconciling, retention, sessions, shortage, upkeep
from core.flows.differences import mark_overdue
from core.flows.house import House
from core.flows.reachable import Reachable
from core.flows.undoing import undo_closing
from core.flows.watching import reread_sold, shout_late
from storage import audit, sealed
from storage.db import Database
from storage.dispatch.inprocess import InProcess

log = structlog.get_logger()

SKEW = timedelta(seconds=2)  # by which clocks may differ before it is worth a word


def set_up(ticker: Ticker, house: House, local: InProcess, zone: str, secrets: Mapping[str, str]) -> None:
    """Everything that recurs. Daily jobs run by the business's time zone. `secrets` are those of the settings, by their names."""
    every, daily, db = ticker.every, ticker.daily, house.db
    reachable = Reachable(house)
    every("sweep", 5, local.sweep, once_per_slot=False)
    every("clocks", 60, lambda: compare_clocks(db), once_per_slot=False)
    every("surfaces", 60, reachable.look, once_per_slot=False)
    every("seal", 5, lambda: audit.seal(db))
    every("late delists", 5, lambda: shout_late(house))
    every("read again", 15, lambda: reread_sold(house))
    every("codes", 60, lambda: sessions.retell_expired(house))
    every("digests", 60, lambda: digest.send_due(house), once_per_slot=False)
    every("undo closing", 600, lambda: undo_closing(house))
    every("silent accounts", 60, lambda: upkeep.shout_silent(house))
    every("health cards", 30, lambda: health.follow(house))
    every("out of sync", 300, lambda: mark_overdue(house))
    ticker.hourly("compare what changed", lambda: reconciling.begin_all(house, kind=reconciling.CHANGED, spread=600))
    daily("compare", 2, 0, zone, lambda: reconciling.begin_all(house))
    every("quantities", 900, lambda: quantities.sweep(house))
    ticker.hourly("low stock", lambda: shortage.sweep(house))
    ticker.hourly("shipped orders", lambda: parcels.read_shipped(house))
    ticker.hourly("keys", lambda: sealed.reseal(db, house.keyring))
    daily("retention", 3, 0, zone, lambda: retention.forget_old(house))
    daily("buyers", 3, 15, zone, lambda: buyers.forget_old(house))
    daily("photos", 3, 20, zone, lambda: upkeep.sweep_photos(house))
    daily("damaged photos", 3, 30, zone, lambda: upkeep.check_photos(house))
    daily("finished orders", 4, 0, zone, lambda: parcels.complete_old(house))
    daily("has it arrived", 10, 0, zone, lambda: parcels.ask_arrived(house))
    daily("secrets", 9, 0, zone, lambda: upkeep.mind_secrets(house, secrets))


async def compare_clocks(db: Database) -> None:
    """Follow the database's clock, and say so when this machine's is wrong by much."""
    before = db.skew
    skew = await db.compare_clocks()
    if abs(skew) > SKEW and abs(skew - before) > SKEW / 2:
        log.warning("this machine's clock and the database's differ; the database's counts", seconds_ahead=(-skew).total_seconds())
