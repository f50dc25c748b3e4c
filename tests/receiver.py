"""A subscriber's endpoint for tests: keeps what a marketplace delivers, in a thread of its own on a free port.

    with Receiver() as receiver:
        ...
        delivery = receiver.next()

`answers` are the statuses of the next deliveries; when they are used up it answers 204.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt: header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers eBay's challenge with `token`."""

    def __init__(self, answers: Sequence[int] = (), token: str = "") -> None:
        self.answers = deque(answers)
        self.token = token or "t" * 40
        self._got: Queue[Delivery] = Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self, seconds: float = 30) -> Delivery:
        """The next delivery. AssertionError when none comes in time."""
        try:
            return self._got.get(timeout=seconds)
        except Empty:
            raise AssertionError(f"no delivery within {seconds} s") from None

    def empty(self) -> bool:
        return self._got.empty()

    def keep(self, delivery: Delivery) -> int:
        self._got.put(delivery)
        return self.answers.popleft() if self.answers else 204

    def challenge(self, code: str) -> bytes:
        response = hashlib.sha256((code + self.token + self.url).encode()).hexdigest()
        return json.dumps({"challengeResponse": response}).encode()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            code = parse_qs(urlsplit(self.path).query).get("challenge_code", [""])[0]
            self._answer(200, receiver.challenge(code))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(receiver.keep(Delivery(self.path, headers, body)), b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if status != 204 else b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Tests stay quiet."""

    return Handler
