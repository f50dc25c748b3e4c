"""Staged uploads, and a product's photos made of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from integrations.sandbox.shopify.shops import Refusal, Shops, gid, stamp
from integrations.sandbox.store import Doc

# Shopify works on a photo for some seconds before it can be seen.
PROCESSING = timedelta(seconds=1)
MEGABYTES = 20
_TYPES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))


def stage(shops: Shops, shop: str, wishes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`stagedUploadsCreate`: a place to send each file to. The key among its parameters belongs to that one file."""
    for place, wish in enumerate(wishes):
        if wish["httpMethod"] != "POST" or wish["resource"] != "IMAGE":
            raise Refusal("the stand-in takes images by POST only", "input", str(place))
        if int(wish.get("fileSize") or 0) > MEGABYTES * 1024 * 1024:
            raise Refusal(f"the file is larger than {MEGABYTES} MB", "input", str(place), "fileSize")
    targets = []
    for wish in wishes:
        key = uuid4().hex
        size = int(wish.get("fileSize") or 0)
        shops.put("staged", key, {"shop": shop, "filename": wish["filename"], "mime": wish["mimeType"], "size": size, "picture": ""})
        parameters = {"key": key, "Content-Type": wish["mimeType"], "success_action_status": "201"}
        targets.append(
            {
                "url": f"{shops.world.base_url}/shopify/{shop}/staged/",
                "resourceUrl": _resource(shops, shop, key),
                "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
            }
        )
    return targets


def _resource(shops: Shops, shop: str, key: str) -> str:
    return f"{shops.world.base_url}/shopify/{shop}/staged/{key}"


async def receive(shops: Shops, request: Request) -> Response:
    """The storage service behind a target: a form whose last part is the file."""
    form = await request.form()
    staged = shops.get("staged", str(form.get("key", "")))
    file = form.get("file")
    if staged is None or staged["shop"] != request.path_params["shop"] or staged["picture"]:
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
    if file is None or isinstance(file, str) or form.get("Content-Type") != staged["mime"]:
        return Response("<Error><Code>InvalidPolicyDocument</Code></Error>", 400, media_type="application/xml")
    data = await file.read()
    await form.close()
    if staged["size"] and len(data) != staged["size"]:
        return Response("<Error><Code>EntityTooLarge</Code></Error>", 400, media_type="application/xml")
    known = any(data.startswith(first) and kind == staged["mime"] for first, kind in _TYPES)
    staged["picture"] = shops.world.keep_picture(data) if known else "broken"
    shops.put("staged", str(form["key"]), staged)
    return Response(status_code=201)


def attach(shops: Shops, product: Doc, wishes: list[dict[str, Any]]) -> None:
    """Make the product's photos what `files` says: those named by id stay, new ones come from staged uploads, the others go."""
    have = {one["id"]: one for one in product["media"]}
    media = []
    for place, wish in enumerate(wishes):
        if wish.get("id"):
            if wish["id"] not in have:
                raise Refusal("there is no such file", "input", "files", str(place), "id", code="INVALID_INPUT")
            media.append(have[wish["id"]])
        elif wish.get("originalSource"):
            media.append(_new(shops, product["shop"], wish))
        else:
            raise Refusal("a file needs an id or a source", "input", "files", str(place), code="INVALID_INPUT")
    product["media"] = media


def _new(shops: Shops, shop: str, wish: dict[str, Any]) -> Doc:
    staged = shops.get("staged", str(wish["originalSource"]).rpartition("/")[2])
    usable = staged is not None and staged["shop"] == shop and staged["picture"] not in {"", "broken"}
    number = shops.number()
    return {
        "id": gid("MediaImage", number),
        "filename": _free_name(shops, shop, wish.get("filename") or (staged or {}).get("filename") or f"{number}.jpg"),
        "picture": staged["picture"] if staged and usable else "",
        "ready_at": stamp(shops.world.now() + PROCESSING),
        "version": number % 10**10,
    }


def _free_name(shops: Shops, shop: str, name: str) -> str:
    """A file's name is its own in a shop: a second one gets a suffix."""
    taken = {media["filename"] for product in shops.all("product", shop) for media in product["media"]}
    if name not in taken:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}_{uuid4()}{dot}{ending}"


def shown(shops: Shops, shop: str, media: Doc) -> dict[str, Any]:
    """A photo as `MediaImage`: it has no address until it is ready."""
    status = "FAILED" if not media["picture"] else "READY" if media["ready_at"] <= shops.now() else "PROCESSING"
    url = f"{shops.world.base_url}/shopify/{shop}/cdn/{media['filename']}?v={media['version']}"
    image = {"url": url} if status == "READY" else None
    return {"__typename": "MediaImage", "id": media["id"], "fileStatus": status, "image": image, "preview": {"image": image}}


async def serve(shops: Shops, request: Request) -> Response:
    """The content delivery network: a photo by its file name."""
    shop, name = request.path_params["shop"], request.path_params["name"]
    for product in shops.all("product", shop):
        for media in product["media"]:
            if media["filename"] == name and media["picture"]:
                return FileResponse(shops.world.folder / "pictures" / media["picture"], media_type="image/jpeg")
    return Response(status_code=404)
