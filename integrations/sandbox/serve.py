"""Runs the stand-ins as a process of their own."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import uvicorn

from integrations.sandbox.app import build
from integrations.sandbox.settings import SandboxSettings


def serve(folder: Path, host: str = "127.0.0.1", port: int = 0, settings: SandboxSettings | None = None) -> None:
    """Serve until a signal comes. Port 0 takes a free one.

    Prints `sandbox marketplaces at URL` and writes `url` and `pid` into `folder/sandbox.json`, beside the credentials of each
    marketplace, once the address is taken. Raises OSError when it is not free.
    """
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)  # callers may connect from here on; they are answered once the app is up
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listener.getsockname()[1]}"
    chosen = settings or SandboxSettings()
    if chosen.base_url == SandboxSettings().base_url:
        chosen = replace(chosen, base_url=url)
    app = build(folder, settings=chosen)
    _note(folder / "sandbox.json", url)
    sys.stdout.write(f"sandbox marketplaces at {url}\n")
    sys.stdout.flush()
    logging.getLogger("uvicorn.error").addFilter(_unless_on_purpose)
    config = uvicorn.Config(app, log_level="warning", access_log=False, loop="asyncio", http="h11", ws="none", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def _unless_on_purpose(record: logging.LogRecord) -> bool:
    """The fault `drop` breaks an answer off, which uvicorn reports as a mistake of ours."""
    return "without completing response" not in record.getMessage()


def _note(path: Path, url: str) -> None:
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, "url": url, "pid": os.getpid()}, indent=2) + "\n")
    path.chmod(0o600)
