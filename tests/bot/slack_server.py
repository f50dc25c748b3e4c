"""A local server that speaks Slack's Web API, Socket Mode and its requests over HTTP, for tests: slack-bolt talks to it as to Slack.

    async with SlackServer(requires.specs()) as slack:
        surface = SlackSurface(house, token=slack.token, app_token=slack.app_token, api_url=slack.url)
        await surface.start()
        await slack.bring(slack.message("/items"))                  # somebody writes; over the socket
        card = await slack.until(lambda: slack.last("Item 1"))
        await slack.bring(slack.press(card, "Publish"))
    assert slack.complaints == []                                   # calls that Slack would not take

Every call is checked (slack_rules.py), tokens are enforced, and what Slack would refuse is refused and kept in `complaints`. What is
brought over the socket and not acknowledged is brought again by `bring_again`. Nothing sleeps: `until` waits for things to happen.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import httpx
from aiohttp import WSMsgType, web

from tests.bot.slack_people import File, Payload, People, Sent
from tests.bot.slack_rules import Document, Refusal, check_blocks, check_view

HELLO = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0HAGGLE"}}


@dataclass(slots=True)
class _Fault:
    method: str
    refusal: Refusal
    times: int


class SlackServer(People):
    """See the module; what people do and see is in `People`."""

    def __init__(self, specs: Path) -> None:
        super().__init__()
        self.document = Document(specs)
        # As Slack makes them, but by chance: nothing here was ever anybody's.
        self.token = f"xoxb-{secrets.randbelow(10**11)}-{secrets.token_hex(8)}"
        self.app_token = f"xapp-1-A0HAGGLE-{secrets.token_hex(8)}"
        self.signing_secret = secrets.token_hex(16)
        self.url = ""
        self.calls: list[tuple[str, Payload]] = []
        self.complaints: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.opened = 0  # sockets, in all
        self.refused_sockets = 0  # how many are refused from now on
        self.unacknowledged: dict[str, Payload] = {}
        self._faults: list[_Fault] = []
        self._uploads: dict[str, File] = {}
        self.shared: list[tuple[str, str, str, bytes]] = []  # files in chats: channel, thread, title, bytes
        self._runner: web.AppRunner | None = None

    # -- life

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._method)
        app.router.add_get("/link", self._socket)
        app.router.add_get("/files/{id}", self._file)
        app.router.add_post("/upload/{id}", self._upload)
        app.router.add_post("/answer", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/api"  # type: ignore[attr-defined]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in list(self.sockets):
            await socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def _base(self) -> str:
        return self.url.removesuffix("/api")

    def response_url(self) -> str:
        return f"{self._base}/answer"

    def called(self, method: str) -> list[Payload]:
        return [arguments for name, arguments in self.calls if name == method]

    # -- trouble

    def fail(self, method: str, code: str, *messages: str, times: int = 1, status: int = 200, **headers: str) -> None:
        """Refuse the next calls of a method. A limit is `fail("chat.update", "ratelimited", status=429, retry_after="7")`."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self._faults.append(_Fault(method, Refusal(code, *messages, status=status, headers=named), times))

    def heal(self) -> None:
        """Everything works again."""
        self._faults.clear()

    # -- bringing: over the socket, and over HTTP

    async def bring(self, body: Payload, *, envelope: str = "", attempt: int = 0) -> Payload:
        """Over the socket. Answers the payload of the acknowledgement; waits for it."""
        envelope = await self.throw(body, envelope=envelope, attempt=attempt)
        await self.until(lambda: envelope not in self.unacknowledged)
        return next(one.get("payload") or {} for one in reversed(self.answers) if one["envelope_id"] == envelope)

    async def throw(self, body: Payload, *, envelope: str = "", attempt: int = 0) -> str:
        """Over the socket, without waiting. Answers the envelope's id."""
        envelope = envelope or secrets.token_hex(8)
        kind = "events_api" if body.get("type") == "event_callback" else "slash_commands" if "command" in body else "interactive"
        packed: Payload = {"envelope_id": envelope, "type": kind, "payload": body, "accepts_response_payload": kind != "events_api"}
        if kind == "events_api":
            packed |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        self.unacknowledged[envelope] = body
        await self.until(lambda: self.sockets)
        await self.sockets[-1].send_json(packed)
        return envelope

    async def disconnect(self, reason: str) -> None:
        """Tell the newest connection that it has to go ("warning" or "refresh_requested")."""
        await self.sockets[-1].send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})

    def http(self, body: Payload, *, retry: int = 0, at: float | None = None, secret: str = "") -> tuple[dict[str, str], bytes]:
        """What Slack would post to the request URL: headers and body, signed (docs.slack.dev, verifying requests from Slack)."""
        if body.get("type") in ("event_callback", "url_verification"):
            data, kind = json.dumps(body).encode(), "application/json"
        else:
            form = body if "command" in body else {"payload": json.dumps(body)}
            data, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        stamp = str(int(time.time() if at is None else at))
        signed = hmac.new((secret or self.signing_secret).encode(), b"v0:" + stamp.encode() + b":" + data, hashlib.sha256).hexdigest()
        headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
        return headers | ({"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}), data

    async def post(self, address: str, body: Payload, **how: Any) -> httpx.Response:
        """Over HTTP."""
        headers, data = self.http(body, **how)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            return await client.post(address, content=data, headers=headers)

    # -- the Web API

    async def _method(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        try:
            wanted = self.app_token if method == "apps.connections.open" else self.token
            if request.headers.get("Authorization") != f"Bearer {wanted}":
                raise Refusal("invalid_auth")
            arguments = await _arguments(request)
            if fault := next((one for one in self._faults if one.times and one.method == method), None):
                fault.times -= 1
                raise fault.refusal
            result = self._carry(method, arguments)
        except Refusal as refusal:
            told = {
                "ok": False,
                "error": refusal.code,
                "errors": list(refusal.messages),
                "response_metadata": {"messages": list(refusal.messages)},
            }
            return web.json_response(told | refusal.more, status=refusal.status, headers=refusal.headers)
        finally:
            self.change()
        return web.json_response({"ok": True, **result})

    def _carry(self, method: str, arguments: Payload) -> Payload:
        do = getattr(self, "do_" + method.replace(".", "_"), None)
        try:
            if do is None:
                raise Refusal("unknown_method", method)
            if method != "auth.test":
                self.document.check(method, arguments)
            result: Payload = do(**arguments)
        except Refusal as refusal:
            if refusal.code in ("unknown_method", "invalid_arg_name", "invalid_arguments", "invalid_blocks", "msg_blocks_too_long"):
                self.complaints.append(f"{method}: {refusal.code} {refusal.messages}")
            raise
        self.calls.append((method, arguments))
        return result

    def do_auth_test(self, **_nothing: Any) -> Payload:
        return dict(self.bot)

    def do_apps_connections_open(self) -> Payload:
        return {"url": f"{self._base.replace('http', 'ws')}/link?ticket={secrets.token_hex(8)}"}

    def do_chat_postMessage(
        self, channel: str, text: str, blocks: list[Payload], thread_ts: str = "", reply_broadcast: bool = False, **_more: Any
    ) -> Payload:
        self._check(channel, text, blocks)
        if thread_ts and not any(one.ts == thread_ts and not one.thread for one in self.messages) and not thread_ts.startswith("179"):
            raise Refusal("thread_not_found")
        sent = Sent(channel, self.stamp(), blocks, text, thread_ts, reply_broadcast)
        self.messages.append(sent)
        return {"channel": channel, "ts": sent.ts, "message": {"ts": sent.ts, "text": text}}

    def do_chat_update(self, channel: str, ts: str, text: str, blocks: list[Payload]) -> Payload:
        self._check(channel, text, blocks)
        sent = next((one for one in self.messages if one.channel == channel and one.ts == ts), None)
        if sent is None:
            raise Refusal("message_not_found")
        sent.blocks, sent.summary, sent.edits = blocks, text, sent.edits + 1
        return {"channel": channel, "ts": ts, "text": text}

    def do_chat_postEphemeral(self, channel: str, user: str, text: str, **more: Any) -> Payload:
        self._check(channel, text, more.get("blocks", []))
        self.told.append({"channel": channel, "user": user, "text": text})
        return {"message_ts": self.stamp()}

    def do_views_open(self, trigger_id: str, view: Payload) -> Payload:
        check_view(view, self.files)
        made = view | {"id": f"V{secrets.token_hex(5).upper()}"}
        self.windows.append(made)
        return {"view": made}

    def do_views_publish(self, user_id: str, view: Payload) -> Payload:
        check_view(view, self.files)
        self.homes[user_id] = view | {"id": f"V{secrets.token_hex(5).upper()}"}
        return {"view": self.homes[user_id]}

    def do_conversations_open(self, users: str) -> Payload:
        return {"channel": {"id": self.direct(users)}}

    def do_users_info(self, user: str) -> Payload:
        return {"user": {"id": user, "name": user.lower(), "profile": {"display_name": "", "real_name": self.names[user]}}}

    def do_files_info(self, file: str) -> Payload:
        found = self.files.get(file)
        if found is None:
            raise Refusal("file_not_found")
        return {"file": {"id": file, "mode": found.mode, "size": len(found.data), "url_private": f"{self._base}/files/{file}"}}

    def do_files_getUploadURLExternal(self, filename: str, length: str, alt_txt: str = "") -> Payload:
        file = File(f"F{secrets.token_hex(5).upper()}", mime="image/jpeg", ready=False)
        self._uploads[file.id] = file
        return {"upload_url": f"{self._base}/upload/{file.id}", "file_id": file.id}

    def do_files_completeUploadExternal(self, files: list[Payload], channel_id: str = "", thread_ts: str = "") -> Payload:
        if channel_id and channel_id not in self.channels:
            raise Refusal("channel_not_found")
        for one in files:
            if not self._uploads[one["id"]].data:
                raise Refusal("file_not_found")
            self.files[one["id"]] = self._uploads[one["id"]]
            if channel_id:
                self.shared.append((channel_id, thread_ts, one["title"], self.files[one["id"]].data))
        return {"files": files}

    def _check(self, channel: str, text: str, blocks: list[Payload]) -> None:
        if channel not in self.channels:
            raise Refusal("channel_not_found")
        if not text:
            raise Refusal("no_text")
        check_blocks(blocks, most=50, files=self.files)

    # -- files, answers, the socket

    async def _file(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=302, headers={"Location": f"{self._base}/signin"})
        found = self.files.get(request.match_info["id"])
        return web.Response(body=found.data, content_type=found.mime) if found else web.Response(status=404)

    async def _upload(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        self._uploads[request.match_info["id"]].data = await request.read()
        return web.Response(text="OK")

    async def _answer(self, request: web.Request) -> web.Response:
        self.told.append(await request.json())
        self.change()
        return web.json_response({"ok": True})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if self.refused_sockets:
            self.refused_sockets -= 1
            self.change()
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(HELLO)
        self.sockets.append(socket)
        self.opened += 1
        self.change()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                answer = json.loads(message.data)
                self.unacknowledged.pop(answer["envelope_id"], None)
                self.answers.append(answer)
                self.change()
        self.sockets.remove(socket)
        self.change()
        return socket


async def _arguments(request: web.Request) -> Payload:
    """A method's arguments, as Slack reads them: JSON, a form, or the address."""
    if request.content_type == "application/json":
        data: Payload = await request.json()
        return data
    form = dict(await request.post()) if request.method == "POST" else {}
    found: Payload = {**request.query, **form}
    return {name: json.loads(value) if name in ("blocks", "view", "files") else value for name, value in found.items()}


async def gone(server: SlackServer, seconds: float = 5) -> None:
    """Wait until nothing is connected."""
    async with asyncio.timeout(seconds):
        await server.until(lambda: not server.sockets)
