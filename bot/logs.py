"""Logging: structlog for us and for the libraries that we stand on; JSON lines outside a terminal.

Every line carries what was bound to its context (`work`, `correlation`), so that a chat message, the work that it caused and
the calls of that work are found together. Secrets and people's data do not belong in a log call; what gets there by accident
is taken out here.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

# Libraries that tell too much, or write addresses with codes in them: only what went wrong.
QUIET = ("httpx", "httpcore", "telegram", "apscheduler", "alembic", "uvicorn", "asyncio", "procrastinate", "openai", "PIL", "aiosqlite")

_HIDDEN = "…"
_PRIVATE_NAME = re.compile(
    r"token|secret|password|passwd|authorization|cookie|api_?key|signature|credential"
    r"|^(e_?mail|phone|buyer\w*|address|street|postcode|recipient|body)$",
    re.IGNORECASE,
)
_PRIVATE_TEXT = (
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),  # user:password@ in an address
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/^#=|-]{8,}"),
    re.compile(r"(?i)(?<=[?&])(?:code|token|access_token|refresh_token|client_secret|hmac|signature|state)=[^&\s\"']+"),
    re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{30,}"),  # a Telegram bot's token
    re.compile(r"\b(?:shpat|shpss|shprt|sk|xapp|xox[abprs])[_-][A-Za-z0-9_-]{8,}"),
    re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]*[A-Za-z]"),
)


def set_up(level: str = "info", *, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send everything to `stream` (standard error). `as_json` None: JSON unless the stream is a terminal."""
    stream = stream or sys.stderr
    if as_json is None:
        as_json = not stream.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
        structlog.stdlib.ExtraAdder(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared[:-1],
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(as_json, stream)))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _last(as_json: bool, stream: TextIO) -> list[Any]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [remove, structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(sort_keys=False)]
    return [remove, structlog.processors.format_exc_info, redact, structlog.dev.ConsoleRenderer(colors=stream.isatty())]


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: takes secrets and people's data out, by the name of a value and by the look of a text."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if _PRIVATE_NAME.search(name) and value not in (None, "", 0):
        return _HIDDEN
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    if isinstance(value, str):
        for pattern in _PRIVATE_TEXT:
            value = pattern.sub(_HIDDEN, value)
    return value
