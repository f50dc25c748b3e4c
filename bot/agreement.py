"""What settings must be like together: each check answers a sentence, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def _database(settings: Settings) -> str:
    if re.match(r"(postgresql|postgres|sqlite)(\+\w+)?://", settings.database):
        return ""
    return "HAGGLE_DATABASE_URL must begin with postgresql:// (or be empty, for SQLite in the data folder)."


def _verification(settings: Settings) -> str:
    if not settings.ebay_verification_token or re.fullmatch(r"[A-Za-z0-9_-]{32,80}", settings.ebay_verification_token):
        return ""
    return "HAGGLE_EBAY_VERIFICATION_TOKEN must be 32 to 80 of A-Z a-z 0-9 _ and -."


def _model(settings: Settings) -> str:
    if settings.ai_api_key and not settings.ai_model:
        return "HAGGLE_AI_API_KEY is set, but HAGGLE_AI_MODEL is not: name a model that sees pictures."
    return ""


def _slack(settings: Settings) -> str:
    by_webhook = settings.slack_signing_secret and settings.public_url.startswith("https://")
    if settings.slack_bot_token and not settings.slack_app_token and not by_webhook:
        return "HAGGLE_SLACK_BOT_TOKEN is set, but HAGGLE_SLACK_APP_TOKEN is not: Slack is reached through it without a public address."
    return ""


TOGETHER: tuple[Callable[[Settings], str], ...] = (_database, _verification, _model, _slack)
