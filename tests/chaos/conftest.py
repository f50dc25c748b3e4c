"""A shop for what the chaos run found, and prepared stages for its short slice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.bot.conftest import sandbox, sandbox_server, shop
from tests.chaos.stage import Stage

__all__ = ["sandbox", "sandbox_server", "shop"]

TOGETHER = 5


@contextmanager
def _prepared(folder: Path, *, several: bool) -> Iterator[Stage]:
    with closing(Stage(folder, several=several, blocks=TOGETHER)) as made:
        made.prepare()
        yield made


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with _prepared(tmp_path_factory.mktemp("stage"), several=False) as made:
        yield made


@pytest.fixture
def stage_of_several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server and two workers on PostgreSQL."""
    with _prepared(tmp_path_factory.mktemp("stage"), several=True) as made:
        yield made
