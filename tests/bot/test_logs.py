"""What reaches the log, and what must never."""

from __future__ import annotations

import io
import json
import logging
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import logs


class Written(io.StringIO):
    """A log; `lines` are its JSON lines."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def written() -> Iterator[Written]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = Written()
    logs.set_up("info", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_json_with_its_context(written: Written) -> None:
    with structlog.contextvars.bound_contextvars(work="change:1", batch="abc"):
        structlog.get_logger("core").info("listed", channel="ebay")
    (line,) = written.lines
    assert line["event"] == "listed"
    assert (line["batch"], line["work"], line["channel"], line["level"], line["logger"]) == (
        "abc",
        "change:1",
        "ebay",
        "info",
        "core",
    )
    assert line["timestamp"].endswith("Z")


def test_secrets_are_taken_out_by_name(written: Written) -> None:
    secret = secrets.token_urlsafe(24)
    structlog.get_logger().info("connected", access_token=secret, headers={"Authorization": secret}, buyer_name=secret, cookies=[secret])
    assert secret not in written.getvalue()
    assert written.lines[0]["event"] == "connected"


@pytest.mark.parametrize(
    "shape",
    [
        "postgresql://haggle:{}@db/haggle",
        "Bearer {}",
        "https://localhost/enter?code={}",
        "https://x.test/cb?state=1&code={}&shop=a",
        "7000000001:{}",
        "shpat_{}",
        "xapp-1-{}",
        "xoxb-1-{}",
    ],
)
def test_secrets_are_taken_out_by_their_look(written: Written, shape: str) -> None:
    secret = secrets.token_hex(20)
    structlog.get_logger().warning("what happened: " + shape.format(secret), cause=shape.format(secret))
    assert secret not in written.getvalue()


def test_secrets_in_a_traceback_are_taken_out(written: Written) -> None:
    secret = secrets.token_hex(20)
    try:
        raise ValueError(f"https://localhost/?token={secret}")
    except ValueError:
        structlog.get_logger().exception("broke")
    assert "ValueError" in written.lines[0]["exception"]
    assert secret not in written.getvalue()


def test_addresses_of_people_are_taken_out(written: Written) -> None:
    structlog.get_logger().info("mail", cause="told jane.doe@example.com about it")
    assert "example.com" not in written.getvalue()


def test_libraries_write_through_it_and_are_quiet(written: Written) -> None:
    logging.getLogger("httpx").info("GET https://x.test/?code=1")
    logging.getLogger("apscheduler.executors").info("ran")
    logging.getLogger("uvicorn.error").warning("port %s", 8080)
    (line,) = written.lines
    assert line["event"] == "port 8080"
    assert line["logger"] == "uvicorn.error"


def test_set_up_twice_writes_once(written: Written) -> None:
    logs.set_up("info", stream=written)
    structlog.get_logger().info("once")
    assert len(written.lines) == 1


def test_a_terminal_gets_plain_lines(written: Written) -> None:
    logs.set_up("info", as_json=False, stream=written)
    structlog.get_logger().info("listed", channel="ebay")
    assert "listed" in written.getvalue()
    assert not written.getvalue().startswith("{")
