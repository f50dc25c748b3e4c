from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import migrate
from storage.db import sqlite_url
from tests.home import Home, open_home


@pytest.fixture
async def home(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Home]:
    if not (sqlite_template / "haggle.db").exists():
        await migrate.upgrade(sqlite_url(sqlite_template))
    shutil.copy(sqlite_template / "haggle.db", tmp_path / "haggle.db")
    async with open_home(tmp_path) as opened:
        yield opened
