"""Photos: uploaded to eBay's picture service once, and remembered by what they show.

Media API 1 beta: createImageFromFile answers with the image's own address in `Location`; getImage gives the address that listings
use. eBay forgets pictures that no listing uses; then the listing refuses them and they are uploaded again (see listings.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from core.errors import Missing, Unreachable
from core.values.channel import Connection, Photo
from core.words import Told
from integrations.ebay.client import MEDIA_BUSY_SECONDS, Client
from integrations.http import gather_some

log = structlog.get_logger("ebay.photos")

AT_ONCE = 4
REMEMBERED = 5000  # addresses of about 100 bytes: what a failed publish uploaded is there when it is tried again


class Photos:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str], str] = {}

    async def urls(self, account: Connection, photos: Sequence[Photo], known: Mapping[str, str], *, anew: bool = False) -> dict[str, str]:
        """sha256 to address, in the photos' order; what is not `known` is uploaded. `anew` uploads all, whatever is known."""
        found: dict[str, str] = {}
        missing: list[Photo] = []
        for photo in {photo.sha256: photo for photo in photos}.values():
            url = "" if anew else known.get(photo.sha256) or self._known.get((account.account_id, photo.sha256), "")
            found[photo.sha256] = url
            if not url:
                missing.append(photo)
        uploaded = await gather_some(AT_ONCE, [partial(self._upload, account, photo) for photo in missing])
        return found | dict(zip((photo.sha256 for photo in missing), uploaded, strict=True))

    async def _upload(self, account: Connection, photo: Photo) -> str:
        data = await photo.open("jpeg")
        files = {"image": (f"{photo.sha256[:16]}.jpg", data, "image/jpeg")}
        url = f"{self._client.settings.media}/image/create_image_from_file"
        for _ in range(2):
            answer = await self._client.as_seller(account, "POST", url, files=files, busy_after=MEDIA_BUSY_SECONDS)
            image = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
            if not image:
                raise Unreachable(Told("eBay did not say where it put a photo. I will try again."), cause="no Location")
            try:
                found = await self._client.as_seller(account, "GET", f"{self._client.settings.media}/image/{image}")
            except Missing:
                log.info("image gone at once", photo=photo.sha256[:12])
                continue
            address = str(found.object().get("imageUrl", ""))
            if address:
                self._remember(account.account_id, photo.sha256, address)
                return address
        raise Unreachable(Told("eBay lost a photo that I had uploaded. I will try again."), cause="image id expired twice")

    def _remember(self, account: str, sha256: str, url: str) -> None:
        self._known.pop((account, sha256), None)
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[account, sha256] = url
