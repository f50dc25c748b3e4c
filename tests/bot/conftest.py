"""A shop for each test: the whole app, connected to a stand-in of its own worker, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server
from tests.shop import TestShop, open_shop

__all__ = ["sandbox", "sandbox_server"]


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_kind: str, database_url: str) -> AsyncIterator[TestShop]:
    """Its owner is signed in and eBay, Shopify and Poshmark are connected."""
    async with open_shop(tmp_path, sandbox, url=database_url) as opened:
        yield opened
