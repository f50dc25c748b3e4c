"""Photos in and out. They are kept first and spoken of afterwards, so that a message is small and can be sent again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from bot.http.entrance import Member
from bot.http.limits import Limits
from bot.surfaces.web import WebSurface
from core.errors import HaggleError, Invalid, Missing
from core.flows.house import House
from core.rules.order_files import is_table
from core.words import Told, here
from storage.photos import SIZES
from storage.uploads import check_batch, check_size, spoken

FILE = "file:"
MANY = 100  # files of one upload
FOR_EVER = "private, max-age=31536000, immutable"  # a photo's name is its content
JPEG = "original.jpg"


class Photos:
    """`POST /api/v1/photos` and `GET /photos/{sha256}/{size}`."""

    def __init__(self, house: House, limits: Limits, web: WebSurface) -> None:
        self._house = house
        self._web = web
        self._limits = limits

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/api/v1/photos", self.upload, methods=["POST"])
        router.add_api_route("/photos/{sha256}/{size}", self.photo, response_class=Response)
        return router

    async def upload(self, request: Request, person: Member) -> dict[str, Any]:
        """Multipart files. Answers for each, in their order, its `sha256` (of a table of orders "file:" and what to call it by), or in
        `error` what is wrong with it."""
        self._limits.uploads.take(person.member_id)
        async with request.form(max_files=MANY) as form:  # what is more than 1 MB waits on the disk, not in memory
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            if not files:
                raise Invalid(Told("There is no photo in this upload: choose one and send it again."))
            check_batch([file.size or 0 for file in files])
            return {"photos": [await self._keep(file) for file in files]}

    async def _keep(self, file: UploadFile) -> dict[str, str]:
        name = spoken(file.filename or "")
        try:
            check_size(file.size or 0, name)
            data = await file.read()
            if is_table(data):
                return {"name": name, "sha256": f"{FILE}{self._web.hold(data)}"}
            stored = await self._house.photos.put(data, file.filename or "")
        except HaggleError as error:
            return {"name": name, "error": here(error.sentence)}
        return {"name": name, "sha256": stored.sha256}

    async def photo(self, sha256: str, size: str, person: Member) -> Response:
        """A size as WebP; `original.jpg` as a JPEG to save, for forms of marketplaces that take no WebP."""
        headers = {"Cache-Control": FOR_EVER}
        if size == JPEG:
            headers["Content-Disposition"] = f'attachment; filename="photo-{sha256[:8]}.jpg"'
            return Response(await self._house.photos.jpeg(sha256), media_type="image/jpeg", headers=headers)
        if size not in SIZES:
            raise Missing(Told("There is no such size of a photo."))
        return Response(await self._house.photos.read(sha256, size), media_type="image/webp", headers=headers)
