"""Settings: where they come from, and that what is wrong comes out as a sentence."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from bot import settings
from core.errors import Invalid


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, and no setting from outside."""
    monkeypatch.chdir(tmp_path)
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(settings.variable_of(name), raising=False)
    return tmp_path


def test_nothing_is_needed(bare: Path) -> None:
    made = settings.load()
    assert made.data_folder == bare / "data"
    assert made.database == f"sqlite+aiosqlite:///{bare / 'data' / 'haggle.db'}"
    assert (made.host, made.port, made.on_sqlite, made.outward) == ("127.0.0.1", 8080, True, True)
    assert made.timezone


def test_command_line_beats_environment_beats_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("HAGGLE_PORT=1111\nHAGGLE_HOST=::1\nHAGGLE_CURRENCY=EUR\nPOSTGRES_PASSWORD=x\n")
    monkeypatch.setenv("HAGGLE_PORT", "2222")
    monkeypatch.setenv("HAGGLE_HOST", "localhost")
    made = settings.load(port=3333, host=None)
    assert (made.port, made.host, made.currency) == (3333, "localhost", "EUR")


@pytest.mark.parametrize("by", ["environment", "file"])
def test_a_secret_may_stand_in_a_file(bare: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    secret = secrets.token_hex(16)
    (bare / "key").write_text(secret + "\n")
    if by == "environment":
        monkeypatch.setenv("HAGGLE_EBAY_CLIENT_SECRET_FILE", str(bare / "key"))
    else:
        (bare / ".env").write_text(f"HAGGLE_EBAY_CLIENT_SECRET_FILE={bare / 'key'}\nHAGGLE_EBAY_CLIENT_SECRET=\n")
    made = settings.load()
    assert made.ebay_client_secret == secret
    assert secret not in repr(made)


def test_only_secrets_stand_in_files(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "port").write_text("1234")
    monkeypatch.setenv("HAGGLE_PORT_FILE", str(bare / "port"))
    assert settings.load().port == 8080
    assert "HAGGLE_PORT_FILE" in settings.unknown(["HAGGLE_PORT_FILE"])[0]


def test_an_empty_value_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAGGLE_PORT", "")
    monkeypatch.setenv("HAGGLE_TIMEZONE", "")
    assert settings.load().port == 8080


def test_names_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAGGLE_ALLOWED_HOSTS", "haggle.lan, shop.example.com")
    assert settings.load().allowed_hosts == ("haggle.lan", "shop.example.com")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "eighty", "HAGGLE_PORT must be a whole number."),
        ("OUTWARD", "maybe", "HAGGLE_OUTWARD must be on or off."),
        ("CURRENCY", "dollars", "HAGGLE_CURRENCY must be three capital letters, like USD."),
        ("TIMEZONE", "Mars/Olympus", "HAGGLE_TIMEZONE must be the name of a time zone"),
        ("PUBLIC_URL", "example.com", "HAGGLE_PUBLIC_URL must be an address like https://example.com."),
        ("DATABASE_URL", "mysql://x", "HAGGLE_DATABASE_URL must begin with postgresql://"),
        ("EBAY_VERIFICATION_TOKEN", "short", "HAGGLE_EBAY_VERIFICATION_TOKEN must be 32 to 80"),
        ("AI_API_KEY", "x", "HAGGLE_AI_MODEL is not"),
        ("AI_API_KEY_FILE", "/nowhere/key", "HAGGLE_AI_API_KEY_FILE names /nowhere/key, which cannot be read."),
        ("SANDBOX", "perhaps", "HAGGLE_SANDBOX must be on or off."),
    ],
)
def test_what_is_wrong_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(f"HAGGLE_{name}", value)
    with pytest.raises(Invalid) as wrong:
        settings.load()
    assert told in str(wrong.value)


@pytest.mark.parametrize("word", ["off", "OFF", "false", "False", "0", "no", "n"])
def test_every_switch_knows_the_same_words(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    for name in ("OUTWARD", "SURFACES", "SANDBOX", "LOG_JSON", "TELEGRAM_WEBHOOK"):
        monkeypatch.setenv(f"HAGGLE_{name}", word)
    made = settings.load()
    assert (made.outward, made.surfaces, made.sandbox, made.log_json, made.telegram_webhook) == (False, False, False, "off", "off")


@pytest.mark.parametrize("word", ["on", "ON", "true", "1", "yes"])
def test_and_the_same_for_on(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    for name in ("OUTWARD", "SANDBOX", "LOG_JSON"):
        monkeypatch.setenv(f"HAGGLE_{name}", word)
    monkeypatch.setenv("HAGGLE_LOG_LEVEL", "WARNING")
    made = settings.load()
    assert (made.outward, made.sandbox, made.log_json, made.log_level) == (True, True, "on", "warning")


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAGGLE_PORT", "x")
    monkeypatch.setenv("HAGGLE_CURRENCY", "x")
    with pytest.raises(Invalid, match=r"HAGGLE_PORT.*HAGGLE_CURRENCY"):
        settings.load()


def test_a_misspelt_name_is_noticed() -> None:
    (told,) = settings.unknown(["HAGGLE_EBAY_CLIENTID", "HAGGLE_PORT", "HAGGLE_AI_API_KEY_FILE", "HAGGLE_REQUIRE", "PATH"])
    assert told == "HAGGLE_EBAY_CLIENTID is no setting of Haggle: did you mean HAGGLE_EBAY_CLIENT_ID?"
