"""A local server that speaks Telegram's Bot API, for tests: python-telegram-bot talks to it as it does to Telegram.

    async with TelegramServer(requires.specs()) as telegram:
        surface = TelegramSurface(house, token=telegram.token, api_url=telegram.url)
        await surface.start()
        telegram.say("/start")                                  # a person writes
        card = await telegram.until(lambda: telegram.last(telegram.person.id, "Welcome"))
        telegram.press(card, "Publish")                         # and taps a button
        await telegram.until(lambda: card.edits)                # `card` always shows what is there now
    assert telegram.complaints == []                            # calls that the Bot API's document forbids

Every call is checked against the Bot API's document and limits (telegram_rules.py); what it forbids is refused as Telegram
would and kept in `complaints`. Updates stay until they are confirmed by a higher offset. Everything runs in the test's own loop;
`until` waits for things to happen, nothing sleeps.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.bot.telegram_chats import Chats
from tests.bot.telegram_methods import Methods
from tests.bot.telegram_rules import Document, Expected, Refusal, Upload


@dataclass(slots=True)
class _Fault:
    method: str
    refusal: Refusal
    times: int
    after: bool


class TelegramServer(Chats):
    """See the module; what people do and see is in `Chats`, what the bot set (menu, webhook) in `methods`."""

    def __init__(self, specs: Path, *, bot_name: str = "haggle_test_bot") -> None:
        super().__init__(Document(specs), bot_name)
        self.methods = Methods(self)
        self.token = f"{secrets.randbelow(10**9)}:{secrets.token_urlsafe(24)}"
        self.url = ""
        self.calls: list[tuple[str, dict[str, Any]]] = []  # calls that agree with the document, in order
        self.complaints: list[str] = []
        self._faults: list[_Fault] = []
        self._expired: set[str] = set()
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    # -- life

    async def __aenter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0))  # people may connect from now on
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        routes = [
            Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._download),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.methods.closing = True
        self.change()
        assert self._server is not None
        assert self._serving is not None
        self._server.should_exit = True
        await self._serving

    def called(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every call of a method that agrees with the document."""
        return [arguments for name, arguments in self.calls if name == method]

    # -- trouble

    def fail(self, method: str, code: int, description: str, *, times: int = 1, after: bool = False, **parameters: Any) -> None:
        """Refuse the next calls of a method ("" is any but getUpdates). `after`: the work is done all the same.

        Flood control is `fail("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)`.
        """
        self._faults.append(_Fault(method, Refusal(code, description, **parameters), times, after))

    def no_faults(self) -> None:
        """Everything works again."""
        self._faults.clear()

    def expire(self, file: str) -> None:
        """The file's download link is not valid any more, though the file is still known."""
        self._expired.add(file)

    def bring(self) -> list[tuple[dict[str, str], bytes]]:
        """What Telegram would post to the webhook now, as (headers, body). They count as confirmed."""
        waiting, self.pending = self.pending, []
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.methods.webhook.get("secret_token", "")}
        return [(headers, json.dumps(update).encode()) for update in waiting]

    # -- HTTP

    async def _answer(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            if request.path_params["token"] != self.token:
                raise Refusal(401, "Unauthorized")
            fault = self._fault(method)
            if fault is not None and not fault.after:
                raise fault.refusal
            result = await self._carry(method, request)
            if fault is not None:
                raise fault.refusal
        except Refusal as refusal:
            return _refused(refusal)
        finally:
            self.change()
        return JSONResponse({"ok": True, "result": result})

    async def _carry(self, method: str, request: Request) -> Any:
        form: dict[str, str | Upload] = {}
        async with request.form() as fields:
            for name, value in fields.items():
                is_file = isinstance(value, UploadFile)
                form[name] = Upload(await value.read(), value.filename or "") if is_file else str(value)  # type: ignore[union-attr]
        do = getattr(self.methods, "do_" + method, None)
        try:
            arguments = self.document.call(method, form)
            if do is None:
                raise Refusal(404, f"this server does not know {method}")
            self.calls.append((method, arguments))
            self.change()
            attached = {name: value for name, value in form.items() if isinstance(value, Upload)}
            result = await do(arguments, attached) if method == "getUpdates" else do(arguments, attached)
        except Refusal as refusal:
            if refusal.code in (400, 404) and not isinstance(refusal, Expected):
                self.complaints.append(f"{method}: {refusal.description}")
            raise
        return result

    def _fault(self, method: str) -> _Fault | None:
        for fault in self._faults:
            if fault.times and fault.method in (method, "" if method != "getUpdates" else method):
                fault.times -= 1
                return fault
        return None

    async def _download(self, request: Request) -> Response:
        name = request.path_params["path"].removeprefix("files/")
        if request.path_params["token"] != self.token or name not in self.files or name in self._expired:
            return _refused(Refusal(404, "Not Found"))
        return Response(self.files[name], media_type="application/octet-stream")


def _refused(refusal: Refusal) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return JSONResponse(body, status_code=refusal.code)
