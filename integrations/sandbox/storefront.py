"""What a buyer sees: a page per marketplace with what is live, a Buy button, and what was sold."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.market import Pick, Purchase, Row, Unbuyable
from integrations.sandbox.pages import gone, impossible, page
from integrations.sandbox.storefront_orders import deeds, order_shown
from integrations.sandbox.world import World

NAMES = {"ebay": "eBay", "shopify": "Shopify"}


def routes(world: World) -> list[Route]:
    """The storefront's pages, its stylesheet and the uploaded pictures."""

    async def front(_: Request) -> Response:
        counts = {name: sum(row.live for row in market.storefront()) for name, market in world.markets.items()}
        links = "".join(f'<li><a href="/store/{name}">{NAMES.get(name, name)}</a> · {count} live</li>' for name, count in counts.items())
        return page("Sandbox marketplaces", f'<h1>Sandbox marketplaces</h1><p>Nothing here is real.</p><ul class="shops">{links}</ul>')

    async def shop(request: Request) -> Response:
        name = request.path_params["market"]
        market = world.markets.get(name)
        if market is None:
            return gone()
        rows = market.storefront()
        live = "".join(_tile(name, row) for row in rows if row.live)
        sold = "".join(f"<li>{row.sold} × {escape(row.title)} · {_price(row)}</li>" for row in rows if row.sold)
        sales = "".join(order_shown(name, one) for one in reversed(market.snapshot()["orders"]))
        body = (
            f'<p><a href="/">All marketplaces</a></p><h1>{NAMES.get(name, name)} <small>sandbox</small></h1>'
            f'<section class="grid">{live or "<p>Nothing is for sale.</p>"}</section>'
            f"<h2>Sold</h2><ul>{sold or '<li>Nothing yet.</li>'}</ul>"
            f'<h2>Orders</h2><ul class="orders">{sales or "<li>None yet.</li>"}</ul>'
        )
        return page(f"{NAMES.get(name, name)} sandbox", body)

    async def item(request: Request) -> Response:
        name, key = request.path_params["market"], request.path_params["id"]
        market = world.markets.get(name)
        row = next((one for one in market.storefront() if one.id == key), None) if market else None
        if row is None:
            return gone()
        state = "" if row.live else '<p class="ended">This listing has ended.</p>'
        back = f'<p><a href="/store/{name}">Back to the shop</a></p>'
        return page(row.title, f'{back}{state}{_tile(name, row)}<section class="about">{escape(row.description)}</section>')

    async def buy(request: Request) -> Response:
        name = request.path_params["market"]
        form = parse_qs((await request.body()).decode())
        try:
            world.markets[name].buy(Purchase((Pick(form["listing"][0]),)))
        except KeyError:
            return gone()
        except Unbuyable as error:
            return impossible("Too late", name, error)
        return RedirectResponse(f"/store/{quote(name)}", 303)

    async def picture(request: Request) -> Response:
        path = world.folder / "pictures" / request.path_params["name"]
        if not request.path_params["name"].isalnum() or not path.is_file():
            return Response(status_code=404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=31536000, immutable"}
        return FileResponse(path, media_type=_kind(path), headers=headers)

    async def style(_: Request) -> Response:
        return FileResponse(Path(__file__).parent / "sandbox.css", media_type="text/css")

    return [
        Route("/", front),
        Route("/store/{market}", shop),
        Route("/store/{market}/item/{id}", item),
        Route("/store/{market}/itm/{id}", item),  # as in the addresses of eBay's own pages
        Route("/store/{market}/buy", buy, methods=["POST"]),
        deeds(world),
        Route("/pictures/{name}", picture),
        Route("/sandbox.css", style),
    ]


def _price(row: Row) -> str:
    return f"{escape(row.price)} {escape(row.currency)}"


def _tile(market: str, row: Row) -> str:
    picture = f'<img src="{escape(row.picture)}" alt="">' if row.picture else '<div class="blank"></div>'
    link = f'<a href="/store/{market}/item/{quote(row.id)}">{escape(row.title)}</a>'
    button = (
        f'<form method="post" action="/store/{market}/buy"><input type="hidden" name="listing" value="{escape(row.id)}">'
        f'<button aria-label="Buy {escape(row.title)}">Buy</button></form>'
    )
    facts = f"<h3>{link}</h3><p><b>{_price(row)}</b> · {row.left} left</p>"
    return f'<article data-listing="{escape(row.id)}">{picture}{facts}{button if row.live else ""}</article>'


def _kind(path: Path) -> str:
    """The picture's type by its first bytes."""
    with path.open("rb") as file:
        head = file.read(12)
    if head.startswith(b"\x89PNG"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "image/webp"
    return "image/gif" if head.startswith(b"GIF8") else "image/jpeg"
