"""Random histories on the real app, against a reference of thirty lines: 50 on each database here, always the same; 1,000 new ones in
`make chaos`. One that fails is made shorter, and printed with what has Hypothesis see it again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from storage import audit
from tests import shelf
from tests.model.world import STEPS, Step, World
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

SUITE = settings.default is not None and settings.default.derandomize  # see tests/conftest.py
HISTORIES = 50 if SUITE else settings().max_examples
# Shortening a history takes as long as hundreds of others, so only `make chaos` does it.
PHASES = (Phase.explicit, Phase.generate) if SUITE else (Phase.explicit, Phase.generate, Phase.shrink)

# A step is what happens and two numbers, which the world understands by what is there then: nothing that is drawn depends on an outcome.
steps = st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.integers(0, 23))
histories = st.lists(steps, min_size=4, max_size=8)


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    """One for all histories, each of which has items of its own and leaves nothing under way; afterwards the trail is whole."""
    async with open_shop(tmp_path, sandbox, url=database_url) as opened:
        opened.app.ticker.stop()  # nothing here needs to be found again later
        yield opened
        await audit.seal(opened.app.house.db)
        assert (await audit.verify(opened.app.house.db)).broken_at is None


@pytest.fixture
async def photo(shop: TestShop) -> str:
    return await shelf.photo(shop.app.house, shop.person)


@pytest.fixture
def numbers() -> count[int]:
    """Of the items."""
    return count(1, 2)


@pytest.mark.timeout(900 if SUITE else 7200)
@settings(max_examples=HISTORIES, phases=PHASES, database=None, suppress_health_check=list(HealthCheck))
@given(quantities=st.tuples(st.integers(1, 3), st.integers(1, 2)), up=st.integers(1, 2), history=histories)
async def test_every_history_ends_as_the_reference_says(
    shop: TestShop, photo: str, numbers: count[int], quantities: tuple[int, int], up: int, history: list[Step]
) -> None:
    """No step may leave stock, listings or orders otherwise."""
    world = World(shop, photo, next(numbers))
    await world.begin(quantities, up=up)
    for step in history:
        await world.do(*step)
    await world.end()
