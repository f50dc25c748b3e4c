from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.home import Home, open_home


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with open_home(tmp_path) as opened:
        yield opened
