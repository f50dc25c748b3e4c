"""One API call: token, scopes, body, and the way its answer or refusal goes back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.ebay.answers import Refusal
from integrations.sandbox.store import Doc

if TYPE_CHECKING:
    from integrations.sandbox.ebay.shop import Shop

BASE = "https://api.ebay.com/oauth/api_scope"


class Call:
    """What a handler gets. `token` is the stored access token: `scopes`, `user` ("" for an application's token)."""

    def __init__(self, shop: Shop, request: Request, raw: bytes, token: Doc) -> None:
        self.shop = shop
        self.request = request
        self.raw = raw
        self.token = token

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object of type application/json."""
        if self.header("content-type").partition(";")[0].strip() != "application/json":
            raise Refusal(415, 2004, "ACCESS", "The Content-Type must be application/json.")
        try:
            body = json.loads(self.raw)
        except ValueError as error:
            raise Refusal(400, 2004, "ACCESS", "The request body is not valid JSON.") from error
        if not isinstance(body, dict):
            raise Refusal(400, 2004, "ACCESS", "The request body must be an object.")
        return body

    def page(self, wrong: Refusal, limit: int = 25, most: int = 200) -> tuple[int, int]:
        """`limit` and `offset` of the query. Raises `wrong` when they make no sense."""
        try:
            size, start = int(self.query("limit", str(limit))), int(self.query("offset", "0"))
        except ValueError:
            raise wrong from None
        if not 1 <= size <= most or start < 0:
            raise wrong
        return size, start


Handler = Callable[[Call], Awaitable[Response]]


class Api:
    """Builds the routes of one API. `scopes` are short names after `…/api_scope/`, "" for the base scope; any one of them will do.
    `scheme` is the word that comes before the token."""

    def __init__(self, shop: Shop, base: str, scopes: tuple[str, ...], scheme: str = "bearer") -> None:
        self._shop = shop
        self._scheme = scheme
        self._base = base
        self._scopes = scopes
        self.routes: list[Route] = []

    def add(self, method: str, path: str, operation: str, handler: Handler, *, scopes: tuple[str, ...] | None = None) -> None:
        """Register an operation by eBay's own operationId, which counts and faults use."""
        allowed = {f"{BASE}/{one}" if one else BASE for one in (self._scopes if scopes is None else scopes)}

        async def work(request: Request) -> Response:
            try:
                token = _authorise(self._shop, request, allowed, self._scheme)
                return await handler(Call(self._shop, request, await request.body(), token))
            except Refusal as refusal:
                return refusal.response()

        async def endpoint(request: Request) -> Response:
            return await self._shop.world.serve("ebay", operation, request, work)

        self.routes.append(Route(self._base + path, endpoint, methods=[method]))


def _authorise(shop: Shop, request: Request, allowed: set[str], scheme: str) -> Doc:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if not value:
        raise Refusal(401, 1002, "OAuth", "Missing access token")
    token = shop.world.store.get("ebay.token", value.strip()) if kind.lower() == scheme else None
    if token is None or token["expires"] <= shop.world.now().timestamp():
        raise Refusal(401, 1001, "OAuth", "Invalid access token")
    if not allowed.intersection(token["scopes"]):
        raise Refusal(403, 1100, "ACCESS", "Access denied", {"scope": ", ".join(sorted(allowed))})
    return token
