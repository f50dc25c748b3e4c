"""Stand-ins of its own: hundreds of publishes in a minute are more than a shop's points allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox_process import SandboxProcess, sandbox

__all__ = ["sandbox"]


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One process for both databases."""
    server = SandboxProcess.start(tmp_path_factory.mktemp("sandbox"), shopify_points=100_000)
    yield server
    server.close()
