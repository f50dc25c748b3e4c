"""Slack's Web API as this surface calls it: paced, its errors as ours, files down and up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.surfaces.slack_errors import WRONG, library_log, ours, wait_of
from bot.surfaces.slack_pace import Pace
from core.errors import AuthLost, Busy, Invalid, Missing, Refused, Unreachable
from core.words import Told

ANSWER = 20  # seconds for Slack to answer a call
MOST = 50 * 1024 * 1024  # bytes of a file that is fetched
_SLACK = (".slack.com", ".slack-files.com")  # whose files are fetched with our token


class Client:
    """`clock` gives seconds that only go forward. `open` before the first call, `close` after the last."""

    def __init__(self, token: str, api_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._host = urlsplit(api_url).netloc
        self._clock = clock
        self._pace = Pace()
        # Whoever calls knows whether a second try does harm, so the library makes none.
        self.web = AsyncWebClient(token, base_url=api_url + "/", timeout=ANSWER, logger=library_log, retry_handlers=[])

    def open(self) -> None:
        self.web.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER))

    async def close(self) -> None:
        if self.web.session is not None:
            await self.web.session.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self.web.session is None or self.web.session.closed:
            raise Unreachable(Told("Haggle is not connected to Slack."))
        return self.web.session

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Raises `core.errors`. What Slack said is in the error's `__cause__`."""
        wait = self._pace.take(method, str(arguments.get("channel", "")), self._clock())
        if wait > 0:
            raise Busy(Told("Slack lets an app write only so fast."), retry_after=wait)
        try:
            answer = await self.web.api_call(method, json=arguments)
        except WRONG as error:
            if seconds := wait_of(error):
                self._pace.hold(method, self._clock(), seconds)
            raise ours(error) from error
        data = answer.data
        assert isinstance(data, dict), "only analytics answer with bytes"
        return data

    async def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        """As `call`, for methods that read no JSON (files.info, users.info and the first step of an upload)."""
        wait = self._pace.take(method, "", self._clock())
        if wait > 0:
            raise Busy(Told("Slack lets an app write only so fast."), retry_after=wait)
        try:
            answer = await self.web.api_call(method, http_verb="GET", params=arguments)
        except WRONG as error:
            if seconds := wait_of(error):
                self._pace.hold(method, self._clock(), seconds)
            raise ours(error) from error
        data = answer.data
        assert isinstance(data, dict), "only analytics answer with bytes"
        return data

    async def download(self, file: str) -> bytes:
        """A file by its id. An event may hold no more than the id (file_access), so what it is is always asked."""
        info = (await self.ask("files.info", file=file))["file"]
        address = str(info.get("url_private_download") or info.get("url_private") or "")
        if not address or info.get("mode") == "tombstone" or info.get("is_external"):
            raise Missing(Told("Slack does not have that photo any more. Send it again."), cause=str(info.get("mode")))
        if int(info.get("size") or 0) > MOST:
            raise Invalid(Told("A photo has {most} MB at most. Make it smaller, or send it as a photo.", most=MOST // 1024 // 1024))
        parts = urlsplit(address)
        if parts.netloc != self._host and not (parts.scheme == "https" and (parts.hostname or "").endswith(_SLACK)):
            raise Refused(Told("Slack named a strange place for that photo, where Haggle does not go."), cause=parts.netloc)
        return await self._read(address)

    async def _read(self, address: str) -> bytes:
        try:
            # Whoever may not see a file is led to a page for signing in; the token goes nowhere else.
            async with self._session.get(address, headers={"Authorization": f"Bearer {self._token}"}, allow_redirects=False) as answer:
                if answer.status in (404, 410):
                    raise Missing(Told("Slack does not have that photo any more. Send it again."), code=str(answer.status))
                if 300 <= answer.status < 500 or answer.content_type == "text/html":
                    raise AuthLost(
                        Told("Slack does not let Haggle see photos: the app needs the permission files:read."), code=str(answer.status)
                    )
                if answer.status >= 500:
                    raise Unreachable(Told("Slack gave an answer that makes no sense."), cause=str(answer.status))
                data = await answer.content.read(MOST + 1)
                while len(data) <= MOST and (more := await answer.content.read(MOST + 1 - len(data))):
                    data += more
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(Told("Slack cannot be reached."), cause=repr(error)) from error
        if len(data) > MOST:
            raise Invalid(Told("A photo has {most} MB at most. Make it smaller, or send it as a photo.", most=MOST // 1024 // 1024))
        return data

    async def upload(self, data: bytes, name: str, alt: str) -> str:
        """Keep a picture at Slack, for cards. Answers its id. It is shared with nobody until a message shows it."""
        return await self._upload(data, name, alt_txt=alt)

    async def share(self, data: bytes, name: str, channel: str, thread: str) -> None:
        """Send a file into a channel, or into a thread of it."""
        where = {"channel_id": channel} | ({"thread_ts": thread} if thread else {})
        await self._upload(data, name, where)

    async def _upload(self, data: bytes, name: str, where: Mapping[str, str] = MappingProxyType({}), **more: str) -> str:
        place = await self.ask("files.getUploadURLExternal", filename=name, length=len(data), **more)
        try:
            async with self._session.post(str(place["upload_url"]), data=data) as answer:
                if answer.status != 200:
                    raise Unreachable(Told("Slack did not take a file."), cause=str(answer.status))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(Told("Slack cannot be reached."), cause=repr(error)) from error
        file = str(place["file_id"])
        await self.call("files.completeUploadExternal", files=[{"id": file, "title": name}], **where)
        return file

    async def answer_at(self, response_url: str, text: str) -> None:
        """Say something that only who pressed or typed sees. Slack gives such an address for 30 minutes and 5 uses."""
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with self._session.post(response_url, json=body):
                pass
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(Told("Slack cannot be reached."), cause=repr(error)) from error
