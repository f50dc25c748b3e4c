"""What Slack refuses: parameters that a method does not have, blocks beyond Block Kit's limits, views that are none.

Parameters come from Slack's own description (Swagger 2 of 2021, `specs/slack`), blocks are read by slack_sdk's models, and what neither
knows is written out here, with its source.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

logging.getLogger("slack_sdk.models").setLevel(logging.ERROR)

# Newer than the description: docs.slack.dev, the page of each method.
NEWER: dict[str, dict[str, bool]] = {
    "files.getUploadURLExternal": {"filename": True, "length": True, "alt_txt": False, "snippet_type": False},
    "files.completeUploadExternal": {
        "files": True, "channel_id": False, "thread_ts": False, "initial_comment": False, "channels": False, "blocks": False,
    },
    "apps.connections.open": {},
}  # fmt: skip
FILE_ID = re.compile(r"F[A-Z0-9]{8,}")  # Slack's own message about slack_file (python-slack-sdk issue 1521)
# A whole message: measured at about 10 000 to 11 000 characters of text (bolt-js issue 2867).
MESSAGE = 10_000
LIMITS = {"header": 150, "button": 75, "value": 2000, "url": 3000, "alt_text": 2000, "text": 3000, "action_id": 255, "block_id": 255}


class Refusal(Exception):
    """Slack says no: `{"ok": false, "error": code}`."""

    def __init__(self, code: str, *messages: str, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(code, *messages)
        self.code = code
        self.messages = messages
        self.status = status
        self.headers = dict(headers or {})
        self.more = more


class Document:
    """Slack's description of its methods."""

    def __init__(self, folder: Path) -> None:
        self._paths = json.loads((folder / "slack" / "slack_web_openapi_v2_without_examples.json").read_text("utf-8"))["paths"]

    def check(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Raises `Refusal` for a name that the method does not have, and for one that it lacks."""
        known = NEWER.get(method) or self._known(method)
        if strange := set(arguments) - set(known):
            raise Refusal("invalid_arg_name", f"{method} has no {sorted(strange)}")
        if lacking := {name for name, required in known.items() if required} - set(arguments):
            raise Refusal("invalid_arguments", f"{method} needs {sorted(lacking)}")

    def _known(self, method: str) -> dict[str, bool]:
        if method in NEWER:
            return NEWER[method]
        [operation] = self._paths[f"/{method}"].values()
        return {one["name"]: bool(one.get("required")) for one in operation["parameters"] if one["name"] != "token"}


def check_blocks(blocks: Sequence[dict[str, Any]], *, most: int, files: Collection[str], whole: int = MESSAGE) -> None:
    """Raises `Refusal` as Slack does: "invalid_blocks" with where and why."""
    if len(blocks) > most:
        raise Refusal("invalid_blocks", f"no more than {most} items allowed [json-pointer:/blocks]")
    for number, block in enumerate(blocks):
        where = f"[json-pointer:/blocks/{number}]"
        _check_model(block, where)
        _check_lengths(block, where)
        for image in _images(block):
            file = image["slack_file"]["id"]
            if not FILE_ID.fullmatch(file) or file not in files:
                raise Refusal("invalid_blocks", f"invalid slack file {where}")
    names = [element["action_id"] for block in blocks if block["type"] == "actions" for element in block["elements"]]
    if len(names) != len(set(names)):
        raise Refusal("invalid_blocks", "`action_id` is used twice")
    if sum(len(text) for text in texts(blocks)) > whole:
        raise Refusal("msg_blocks_too_long")


def _check_model(block: dict[str, Any], where: str) -> None:
    """slack_sdk's own models: what they do not give back as it came, they do not know."""
    try:
        made = Block.parse(block)
        if made is None:
            raise Refusal("invalid_blocks", f"unsupported type: {block.get('type')} {where}")
        again = made.to_dict()
    except (SlackObjectFormationError, TypeError, KeyError) as error:
        raise Refusal("invalid_blocks", f"{error} {where}") from error
    if strange := set(block) - set(again):
        raise Refusal("invalid_blocks", f"nobody knows {sorted(strange)} {where}")


def _check_lengths(block: dict[str, Any], where: str) -> None:
    kind = block["type"]
    if kind == "header" and not 0 < len(block["text"]["text"]) <= LIMITS["header"]:
        raise Refusal("invalid_blocks", f"must be less than 151 characters {where}")
    if kind == "actions" and not 0 < len(block["elements"]) <= 25:
        raise Refusal("invalid_blocks", f"no more than 25 items allowed {where}")
    if kind == "context" and not 0 < len(block["elements"]) <= 10:
        raise Refusal("invalid_blocks", f"no more than 10 items allowed {where}")
    if kind == "rich_text" and sum(len(one) for one in texts([block])) > LIMITS["text"]:
        raise Refusal("invalid_blocks", f"must be less than 3001 characters {where}")
    for found in _dicts(block):
        for name in ("value", "url", "alt_text", "action_id", "block_id"):
            if len(str(found.get(name, ""))) > LIMITS[name]:
                raise Refusal("invalid_blocks", f"{name} must be less than {LIMITS[name] + 1} characters {where}")
        if found.get("type") == "button" and not 0 < len(found["text"]["text"]) <= LIMITS["button"]:
            raise Refusal("invalid_blocks", f"must be less than 76 characters {where}")
        if found.get("type") == "text" and not found["text"]:
            raise Refusal("invalid_blocks", f"must be more than 0 characters {where}")
        if found.get("type") == "image" and not found.get("alt_text"):
            raise Refusal("invalid_blocks", f"missing required field: alt_text {where}")


def check_view(view: dict[str, Any], files: Collection[str]) -> None:
    """A modal or a Home tab (docs.slack.dev/reference/views)."""
    made = View(**view)
    made.validate_json()
    if len(view.get("private_metadata", "")) > 3000:
        raise Refusal("invalid_arguments", "private_metadata is too long")
    if view["type"] == "modal":
        for name in ("title", "submit", "close"):
            if not 0 < len(view[name]["text"]) <= 24:
                raise Refusal("invalid_arguments", f"{name} must be less than 25 characters")
    check_blocks(view["blocks"], most=100, files=files, whole=100_000)


def texts(blocks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Everything that people read, block after block."""
    for block in blocks:
        for found in _dicts(block):
            if found.get("type") == "link":
                yield found.get("text") or found["url"]
            elif isinstance(found.get("text"), str):
                yield found["text"]


def _images(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (found for found in _dicts(block) if found.get("type") == "image")


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _dicts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _dicts(one)
