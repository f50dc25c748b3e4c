"""Ten seeds of the chaos run, one round of each; `make chaos` runs hundreds of them, with three rounds.

Five are played at the same time in one house, so that they share what takes long: starting, dying and coming to rest.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.conftest import TOGETHER
from tests.chaos.run import run
from tests.chaos.stage import Stage


def test_whatever_fails_every_promise_holds_in_the_end(stage: Stage, tmp_path: Path) -> None:
    run(range(40, 40 + TOGETHER), stage, tmp_path, rounds=1)


@pytest.mark.postgres
def test_with_workers_that_are_killed_and_frozen_too(stage_of_several: Stage, tmp_path: Path) -> None:
    run(range(45, 45 + TOGETHER), stage_of_several, tmp_path, rounds=1)
