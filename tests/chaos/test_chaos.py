"""A short slice of the chaos run; `make chaos` runs fifty seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.stage import Stage


@pytest.mark.parametrize("seed", [7, 41, 48])
def test_whatever_fails_every_promise_holds_in_the_end(seed: int, stage: Stage, tmp_path: Path) -> None:
    run(seed, stage, tmp_path, rounds=1)
