"""What `haggle doctor` looks at: the shapes of Slack's tokens, and whether Slack accepts them. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import httpx

Mood = Literal["ok", "warn", "bad"]
_BOT, _APP, _SECRET = re.compile(r"xoxb-[A-Za-z0-9-]+"), re.compile(r"xapp-[A-Za-z0-9-]+"), re.compile(r"[0-9a-f]{32}")


async def look(*, token: str, app_token: str, signing_secret: str, public_url: str, api_url: str) -> Sequence[tuple[Mood, str]]:
    """(mood, sentence) of everything that is to be said."""
    found: list[tuple[Mood, str]] = [("bad", told) for told in _shapes(token, app_token, signing_secret)]
    by_webhook = bool(signing_secret) and public_url.startswith("https://")
    if not by_webhook and not app_token:
        found.append(("bad", "HAGGLE_SLACK_APP_TOKEN is missing: make one with connections:write on the app's page (Basic Information)."))
    return found or [await _accepted(token, api_url, "calls us" if by_webhook else "is reached over a socket")]


def _shapes(token: str, app_token: str, signing_secret: str) -> list[str]:
    told = []
    if not _BOT.fullmatch(token):
        told.append("HAGGLE_SLACK_BOT_TOKEN does not look like a bot token (xoxb-…): take it from the app's page, OAuth & Permissions.")
    if app_token and not _APP.fullmatch(app_token):
        told.append("HAGGLE_SLACK_APP_TOKEN does not look like an app-level token (xapp-…): make one on the app's page, Basic Information.")
    if signing_secret and not _SECRET.fullmatch(signing_secret):
        told.append("HAGGLE_SLACK_SIGNING_SECRET must be 32 hex digits: take it from the app's page, Basic Information.")
    return told


async def _accepted(token: str, api_url: str, how: str) -> tuple[Mood, str]:
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = (await client.post(f"{api_url}/auth.test", headers={"Authorization": f"Bearer {token}"})).json()
    except (httpx.HTTPError, ValueError) as error:
        return "bad", f"Slack at {api_url} cannot be asked ({type(error).__name__}): check the network and the address."
    if not answer.get("ok"):
        reason = answer.get("error", "no reason")
        return "bad", f"Slack does not accept the bot token ({reason}): install the app again and take the new one."
    return "ok", f"Slack knows the app as {answer.get('user', '?')} in {answer.get('team', '?')}, which {how}"
