"""Orders on the storefront: how far each is, and buttons for what its buyer and the carrier do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.market import Unbuyable
from integrations.sandbox.pages import gone, impossible
from integrations.sandbox.world import World

DEEDS = {"deliver": "It arrived", "return": "Ask for the money back", "dispute": "Dispute the payment"}


def order_shown(market: str, order: Mapping[str, Any]) -> str:
    """An order with how far it is, and what its buyer may do."""
    key, parcels = str(order["id"]), order["parcels"]
    back = sum(map(Decimal, order["refunds"]), Decimal(0))
    facts = ["cancelled" if order["state"] == "CANCELLED" else "on its way" if parcels else "not sent"]
    facts.append(f"{back:.2f} given back" if back else "paid" if order["paid"] else "not paid")
    facts += [f"parcel {one}" for one in parcels if one]
    forms = "".join(
        f'<form method="post" action="/store/{market}/order/{deed}"><input type="hidden" name="order" value="{escape(key)}">'
        f"<button>{said}</button></form>"
        for deed, said in DEEDS.items()
        if parcels or deed != "deliver"
    )
    shown = " · ".join([key.rpartition("/")[2], f"{order['total']} {order['currency']}", *facts])
    return f'<li data-order="{escape(key)}">{escape(shown)}{forms if order["state"] != "CANCELLED" else ""}</li>'


def deeds(world: World) -> Route:
    """The address that the buttons lead to."""

    async def deed(request: Request) -> Response:
        name, what = request.path_params["market"], request.path_params["deed"]
        key = (parse_qs((await request.body()).decode()).get("order") or [""])[0]
        market = world.markets.get(name)
        if market is None or what not in DEEDS:
            return gone()
        try:
            if what == "deliver":
                market.deliver(key)
            elif what == "return":
                market.ask_back(key)
            else:
                market.dispute(key, "")
        except Unbuyable as error:
            return impossible("Not possible", name, error)
        return RedirectResponse(f"/store/{quote(name)}", 303)

    return Route("/store/{market}/order/{deed}", deed, methods=["POST"])
