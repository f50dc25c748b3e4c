"""Puts the stand-ins together into one ASGI app."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.sandbox import control, storefront
from integrations.sandbox.ebay import EbayMarket
from integrations.sandbox.market import Market
from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.shopify import ShopifyMarket
from integrations.sandbox.store import Store
from integrations.sandbox.world import World

MARKETS: tuple[Callable[[World], Market], ...] = (EbayMarket, ShopifyMarket)


class _Flush:
    """Writes what a request changed before its answer leaves. A caller that goes away amid its request gets no answer, and that is all."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def flushed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._store.flush()
            await send(message)

        with contextlib.suppress(ClientDisconnect):
            await self._app(scope, receive, flushed if scope["type"] == "http" else send)


def build(folder: Path, *, settings: SandboxSettings | None = None) -> ASGIApp:
    """The whole stand-in, its state in `folder`: `/ebay…`, `/shopify…`, `/control` and the storefront at `/`."""
    world = World(folder, settings or SandboxSettings())
    routes: list[BaseRoute] = []
    for make in MARKETS:
        market = make(world)
        world.markets[market.name] = market
        routes += market.routes()
    routes += control.routes(world)
    routes += storefront.routes(world)

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        world.outbox.resume()
        yield
        await world.outbox.close()
        world.store.close()

    return _Flush(Starlette(routes=routes, lifespan=life), world.store)
