"""The manifest that makes the app: every command, within Slack's limits, and what we listen for and may do."""

from __future__ import annotations

import json

import pytest

from bot.__main__ import main
from bot.chat.registry import REGISTRY, commands
from bot.surfaces.slack_manifest import MOST, RARE, SCOPES, TAKEN, as_typed, manifest, short_forms
from core.values.card import Card, Line


def test_every_command_can_be_said() -> None:
    made = manifest(commands())
    named = [one["command"] for one in made["features"]["slash_commands"]]
    assert named[0] == "/haggle"
    assert set(named[1:]) == {f"/{name}" for name in REGISTRY.commands if name not in TAKEN | RARE}
    assert len(named) == len(set(named)) <= MOST
    for one in made["features"]["slash_commands"]:
        assert 0 < len(one["description"]) <= 2000
        assert len(one.get("usage_hint", "")) <= 1000
        assert len(one["command"]) <= 32
        assert not one["should_escape"]
    assert not any("request_url" in json.dumps(made) or "url" in one for one in made["features"]["slash_commands"])
    assert made["settings"]["socket_mode_enabled"]


def test_commands_that_slack_has_itself_are_said_as_they_are_typed_here() -> None:
    card = Card("/help", "Type /invite seller, or /price 42 45. https://a.example/help and/help", (Line("/me", "/helpful", "/who."),))
    typed = as_typed(card)
    assert typed.title == "/haggle help"
    assert typed.text == "Type /haggle invite seller, or /price 42 45. https://a.example/help and/help"
    assert (typed.lines[0].label, typed.lines[0].value) == ("/haggle me", "/helpful")


def test_no_more_short_forms_than_slack_takes() -> None:
    many = [{"name": f"c{number}", "summary": "x", "example": "/c"} for number in range(80)]
    assert len(manifest(many)["features"]["slash_commands"]) == MOST
    assert len(short_forms(many)) == MOST - 1


def test_where_slack_calls_us() -> None:
    made = manifest(commands(), "https://haggle.example/webhooks/slack")
    assert {one["url"] for one in made["features"]["slash_commands"]} == {"https://haggle.example/webhooks/slack"}
    assert made["settings"]["event_subscriptions"]["request_url"] == "https://haggle.example/webhooks/slack"
    assert made["settings"]["interactivity"]["request_url"] == "https://haggle.example/webhooks/slack"
    assert not made["settings"]["socket_mode_enabled"]


def test_it_asks_for_what_the_surface_uses() -> None:
    assert {"chat:write", "commands", "files:read", "files:write", "im:write", "users:read"} <= set(SCOPES)
    for event in manifest(commands())["settings"]["event_subscriptions"]["bot_events"]:
        if event.startswith("message."):
            assert f"{event.removeprefix('message.')}:history" in SCOPES


def test_it_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HAGGLE_PUBLIC_URL", "HAGGLE_SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert main(["slack-manifest"]) == 0
    assert json.loads(capsys.readouterr().out) == manifest(commands())
