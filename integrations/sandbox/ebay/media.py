"""Media: pictures come in as files or by address and are served by the stand-in."""

from __future__ import annotations

import secrets
from collections import deque
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay.answers import Refusal, read, wire
from integrations.sandbox.ebay.calls import Api, Call, Handler
from integrations.sandbox.ebay.shop import Shop

BASE = "/ebay-media/commerce/media/v1_beta"
POSTS, WINDOW = 50, 5.0  # at most so many uploads in so many seconds, per seller
MOST_BYTES = 12 * 1024 * 1024
DAYS_KEPT = 30
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Media:
    """Counts uploads in memory: a restart forgives them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._posts: deque[float] = deque()

    def routes(self) -> list[Route]:
        api = Api(self._shop, BASE, ("sell.inventory",))
        api.add("POST", "/image/create_image_from_file", "createImageFromFile", self._limited(self._from_file))
        api.add("POST", "/image/create_image_from_url", "createImageFromUrl", self._limited(self._from_url))
        api.add("GET", "/image/{image}", "getImage", self._get)
        return api.routes

    def forget(self) -> None:
        self._posts.clear()

    def _limited(self, handler: Handler) -> Handler:
        async def limited(call: Call) -> Response:
            now = self._shop.world.now().timestamp()
            while self._posts and self._posts[0] <= now - WINDOW:
                self._posts.popleft()
            if len(self._posts) >= POSTS:
                raise Refusal(429, 2001, "ACCESS", "Too many requests.")
            self._posts.append(now)
            return await handler(call)

        return limited

    async def _from_file(self, call: Call) -> Response:
        if not call.header("content-type").startswith("multipart/form-data"):
            raise Refusal(400, 190203, "media", "Send the image as multipart/form-data.")
        async with call.request.form(max_part_size=MOST_BYTES * 2) as form:
            part = form.get("image")
            data = await part.read() if isinstance(part, UploadFile) else b""
        return self._keep(data)

    async def _from_url(self, call: Call) -> Response:
        url = urlsplit(str(call.json().get("imageUrl", "")))
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            raise Refusal(400, 190204, "media", "The imageUrl must be an https address.")
        try:
            answer = await self._shop.world.outbox.client.get(url.geturl())
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Refusal(400, 190204, "media", "There is no image at that address.") from error
        return self._keep(answer.content)

    def _keep(self, data: bytes) -> Response:
        if len(data) > MOST_BYTES:
            raise Refusal(400, 190201, "media", "The image is too large.")
        if not (data.startswith(_MAGIC) or data[8:12] == b"WEBP" or data[4:8] == b"ftyp"):
            raise Refusal(400, 190203, "media", "The image has a format that is not supported.")
        key = secrets.token_hex(16)
        expires = wire(self._shop.world.now() + timedelta(days=DAYS_KEPT))
        image = {"picture": self._shop.world.keep_picture(data), "expires": expires}
        self._shop.store.put("ebay.image", key, image)
        where = f"{self._shop.world.base_url}{BASE}/image/{key}"
        return JSONResponse(self._shown(image), 201, {"Location": where})

    async def _get(self, call: Call) -> Response:
        image = self._shop.store.get("ebay.image", call.path("image"))
        if image is None or read(image["expires"]) <= self._shop.world.now():
            raise Refusal(404, 190200, "media", "There is no such image.")
        return JSONResponse(self._shown(image))

    def _shown(self, image: dict[str, str]) -> dict[str, str]:
        url = self._shop.world.picture_url(image["picture"])
        return {"imageUrl": url, "maxDimensionImageUrl": url, "expirationDate": image["expires"]}
