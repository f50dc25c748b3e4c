"""The papers say what the code says."""

from __future__ import annotations

import re

import pytest

from bot import papers, settings
from tests.requires import ROOT


def test_the_readme_is_fresh() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert papers.readme(text) == text, "run `make papers`"


def test_every_setting_is_in_the_example_and_in_the_readme() -> None:
    example, readme = (ROOT / ".env.example").read_text("utf-8"), (ROOT / "README.md").read_text("utf-8")
    assert example == papers.env_example(), "run `make papers`"
    for name, field in settings.Settings.model_fields.items():
        assert field.description, f"{name} has no description"
        assert f"\n{settings.variable_of(name)}=" in example
        assert f"| `{settings.variable_of(name)}` |" in readme


def test_the_example_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(settings.variable_of(name), raising=False)
    plain = settings.Settings(_env_file=None)
    copied = settings.Settings(_env_file=ROOT / ".env.example")
    assert copied == plain


def test_the_lock_files_hold_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search(r"https?://|--index-url|--find-links", text)
        for block in re.split(r"\n(?=[a-z0-9])", text.strip()):
            assert "==" in block
            assert "--hash=sha256:" in block, block.splitlines()[0]


def test_compose_is_a_serve_with_workers_on_postgresql() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    assert services["serve"]["command"] == ["serve"]
    assert services["worker"]["command"] == ["worker"]
    assert services["worker"]["deploy"]["replicas"] >= 1
    assert services["postgres"]["image"] == "postgres:18"
    known = {settings.variable_of(name) for name in settings.Settings.model_fields}
    for name in services["serve"]["environment"]:
        assert name.removesuffix("_FILE") in known
