"""Slack's errors as ours. What its methods may answer is in each method's page; these are the ones that mean something to us."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.words import Told

WRONG = (SlackApiError, SlackClientError, aiohttp.ClientError, asyncio.TimeoutError)

_PAUSE = 10.0  # seconds, where Slack asks for a pause and does not say how long
_TOKEN = (
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "org_login_required", "not_allowed_token_type",
)  # fmt: skip
_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "cant_broadcast_message")
_NO_CHAT = ("channel_not_found", "user_not_found", "users_not_found", "not_in_channel", "is_archived", "channel_is_archived")
_NO_FILE = ("file_not_found", "file_deleted", "file_not_shared")
_AWAY = ("fatal_error", "internal_error", "service_unavailable", "request_timeout", "ekm_access_denied", "team_added_to_org")
NO_THREAD = ("thread_not_found", "cannot_reply_to_message")

# The libraries write what people say, tickets and answer addresses into debug lines: nothing of that belongs into a log.
library_log = logging.getLogger("slack")
library_log.setLevel(logging.WARNING)


def code_of(error: BaseException) -> str:
    """Slack's word for what is wrong; "" for anything else."""
    if not isinstance(error, SlackApiError):
        return ""
    return str(_data(error).get("error", ""))


def is_about_images(error: BaseException) -> bool:
    """A block's picture is not to be had (yet): Slack takes a moment to make an uploaded file ready."""
    if code_of(error) != "invalid_blocks":
        return False
    data = _data(error)  # type: ignore[arg-type]
    told = [*data.get("errors", []), *data.get("response_metadata", {}).get("messages", [])]
    return any("slack file" in one or "slack_file" in one or "image" in one for one in map(str, told))


def wait_of(error: BaseException) -> float:
    """The seconds that Slack asks to wait; 0 when it does not."""
    if not isinstance(error, SlackApiError) or (_status(error) != 429 and code_of(error) not in ("ratelimited", "rate_limited")):
        return 0.0
    headers = getattr(error.response, "headers", {}) or {}
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    told = told[0] if isinstance(told, list) else told
    try:
        return max(float(told), 0.1)
    except ValueError:
        return _PAUSE


def ours(error: BaseException) -> HaggleError:
    """The error that flows understand."""
    if not isinstance(error, SlackApiError):
        return Unreachable(Told("Slack cannot be reached."), cause=repr(error))
    code = code_of(error)
    cause = f"{code} {_data(error).get('response_metadata', '')}".strip()
    if wait := wait_of(error):
        return Busy(Told("Slack asks for a pause."), retry_after=wait, code="429", cause=cause)
    if code == "missing_scope":
        needed = str(_data(error).get("needed", ""))
        text = "Slack does not give the app a permission that it needs ({needed}). Update the app from the manifest and install it again."
        return AuthLost(Told(text, needed=needed), code=code, cause=cause)
    if code in _TOKEN:
        return AuthLost(
            Told("Slack does not accept the app's token. Take the current ones from api.slack.com and start Haggle with them."), code=code
        )
    if code in _GONE:
        return Missing(Told("That message is not in Slack any more."), code=code, cause=cause)
    if code in _NO_CHAT:
        return Refused(Told("Haggle cannot write in that Slack channel. Invite it there: /invite @Haggle"), code=code, cause=cause)
    if code in _NO_FILE:
        return Missing(Told("Slack does not have that photo any more. Send it again."), code=code, cause=cause)
    if code in _AWAY or not code or _status(error) >= 500:
        return Unreachable(Told("Slack gave an answer that makes no sense."), cause=cause)
    return Invalid(Told("Slack does not take this message."), code=code, cause=cause)


def _data(error: SlackApiError) -> dict[str, Any]:
    data = getattr(error.response, "data", error.response)
    return data if isinstance(data, dict) else {}


def _status(error: SlackApiError) -> int:
    status = getattr(error.response, "status_code", getattr(error.response, "status", 0))
    return status if isinstance(status, int) else 0
