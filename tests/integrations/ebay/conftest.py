"""A connected seller for each test, on the shared stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.http import Http
from tests.ebay_shop import Shop, connected
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


@pytest.fixture
async def shop(sandbox: SandboxProcess, http: Http) -> Shop:
    return await connected(sandbox, http)
