"""A service that speaks Chat Completions, strictly: every request is checked against OpenAI's own document, then answered
as the test says. Runs on a free port in a thread of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jsonschema import Draft202012Validator

from tests.requires import specs

Json = dict[str, Any]
Answer = Callable[[Json], tuple[int, bytes]]


@dataclass
class Service:
    """`answers` are used one by one, the last one for ever. `requests` and `faults` are what came."""

    key: str
    answers: list[Answer]
    requests: list[Json] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def take(self, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        data = json.loads(body)
        self.requests.append(data)
        if path != "/v1/chat/completions" or headers["Authorization"] != f"Bearer {self.key}":
            self.faults.append(f"{path} or its key is wrong")
        self.faults += [error.message[:300] for error in _validator("CreateChatCompletionRequest").iter_errors(data)]
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(data)


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, body = service.take(self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # a client that gave up waiting

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        service.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def says(content: str | None, *, finish: str = "stop", refusal: str | None = None) -> Answer:
    """A completion with this content, true to the document."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "test-model",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }  # fmt: skip
    faults = [error.message for error in _validator("CreateChatCompletionResponse").iter_errors(body)]
    assert not faults, faults
    return lambda _: (200, json.dumps(body).encode())


def calls(*made: tuple[str, Any], tokens: tuple[int, int] = (10, 5)) -> Answer:
    """Tool calls: each a name and its arguments, which are JSON unless they are a text already."""
    tool_calls = [
        {
            "id": f"call_{place}", "type": "function",
            "function": {"name": name, "arguments": told if isinstance(told, str) else json.dumps(told)},
        }
        for place, (name, told) in enumerate(made)
    ]  # fmt: skip
    message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": tool_calls}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "test-model", "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": None}],
    }  # fmt: skip
    faults = [error.message for error in _validator("CreateChatCompletionResponse").iter_errors(body)]
    assert not faults, faults
    return lambda _: (200, json.dumps(body).encode())


def claims(**values: Any) -> Answer:
    """A good answer: name to value, or to (value, confidence, seen, photo)."""
    fields = []
    for name, value in values.items():
        text, confidence, seen, photo = value if isinstance(value, tuple) else (value, 0.95, f"I see {value}", 1)
        fields.append({"name": name, "value": text, "confidence": confidence, "seen": seen, "photo": photo})
    return says(json.dumps({"fields": fields, "aspects": []}))


def fails(status: int, message: str = "no") -> Answer:
    return lambda _: (status, json.dumps({"error": {"message": message, "type": "x", "param": None, "code": None}}).encode())


@cache
def _validator(name: str) -> Draft202012Validator:
    document = json.loads((specs() / "openai" / "openapi-responses-chat.json").read_text("utf-8"))
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})
