"""A shop for what the chaos run found, and one prepared stage for its short slice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bot.conftest import sandbox, sandbox_server, shop
from tests.chaos.stage import Stage

__all__ = ["sandbox", "sandbox_server", "shop"]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    made.prepare()
    yield made
    made.close()
