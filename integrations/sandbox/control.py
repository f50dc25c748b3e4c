"""Control of the stand-ins: what the tests and a curious person use. None of it exists at a real marketplace."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.market import BuyerOffer, Handmade, Market, Pick, Purchase, Unbuyable
from integrations.sandbox.world import World

Work = Callable[[dict[str, Any]], dict[str, Any]]


def routes(world: World) -> list[Route]:
    """All under /control. Bad input answers 400 and a refusal 409, both `{"error": sentence}`."""

    def faults(body: dict[str, Any]) -> dict[str, Any]:
        if body.pop("clear", False):
            world.faults.clear()
        if body:
            world.faults.add(**body)
        return shown_faults()

    def shown_faults() -> dict[str, Any]:
        return {"faults": [asdict(one) for one in world.faults.all()]}

    def clock(body: dict[str, Any]) -> dict[str, Any]:
        world.shift_clock(float(body["seconds"]))
        return {"now": world.now().isoformat()}

    def reset(_: dict[str, Any]) -> dict[str, Any]:
        world.faults.clear()
        world.reset_clock()
        world.calls.clear()
        world.store.wipe("delivery")
        for one in world.markets.values():
            one.reset()
        return {"reset": True}

    return [
        _read("health", lambda: {"ready": True}),
        _read("state", lambda: {name: one.snapshot() for name, one in world.markets.items()}),
        _read("calls", lambda: {"calls": dict(sorted(world.calls.items()))}),
        _read("faults", shown_faults),
        _read("deliveries", lambda: {"sent": world.outbox.sent, "failed": world.outbox.failed, "pending": world.outbox.pending()}),
        _read("clock", lambda: {"now": world.now().isoformat()}),
        *_people(world),
        _write("faults", faults),
        _write("clock", clock),
        _write("reset", reset),
    ]


def _people(world: World) -> list[Route]:
    """What buyers and sellers do on a marketplace's own pages."""

    def market(body: dict[str, Any]) -> Market:
        return world.markets[str(body["marketplace"])]

    def buy(body: dict[str, Any]) -> dict[str, Any]:
        picks = tuple(map(_pick, body.get("lines", [body])))
        return market(body).buy(Purchase(picks, bool(body.get("paid", True))))

    def offer(body: dict[str, Any]) -> dict[str, Any]:
        wish = BuyerOffer(str(body["listing"]), str(body["price"]), int(body.get("quantity", 1)), str(body.get("message", "")))
        return market(body).offer(wish)

    def cancel(body: dict[str, Any]) -> dict[str, Any]:
        return market(body).cancel(str(body["order"]))

    def pay(body: dict[str, Any]) -> dict[str, Any]:
        return market(body).pay(str(body["order"]))

    def refund(body: dict[str, Any]) -> dict[str, Any]:
        return market(body).refund(str(body["order"]), str(body["amount"]) if body.get("amount") else None)

    def made(body: dict[str, Any]) -> dict[str, Any]:
        wish = {name: str(body.get(name, "")) for name in ("sku", "picture")}
        return market(body).make(Handmade(str(body["title"]), str(body["price"]), int(body.get("quantity", 1)), **wish))

    def edit(body: dict[str, Any]) -> dict[str, Any]:
        price, quantity = body.get("price"), body.get("quantity")
        return market(body).edit(str(body["listing"]), str(price) if price else None, None if quantity is None else int(quantity))

    def end(body: dict[str, Any]) -> dict[str, Any]:
        return market(body).end(str(body["listing"]))

    after = [_write(name, work) for name, work in _after_sale(market).items()]
    buyers = [*after, _write("buy", buy), _write("offer", offer), _write("cancel", cancel), _write("pay", pay), _write("refund", refund)]
    return [*buyers, _write("list", made), _write("edit", edit), _write("end", end)]


def _after_sale(market: Callable[[dict[str, Any]], Market]) -> dict[str, Work]:
    """What becomes of an order, by the call's name."""
    return {
        "deliver": lambda body: market(body).deliver(str(body["order"])),
        "return": lambda body: market(body).ask_back(str(body["order"])),
        "dispute": lambda body: market(body).dispute(str(body["order"]), _outcome(body)),
        "label": lambda body: market(body).label(str(body["order"]), str(body["cost"])),
    }


def _pick(wish: dict[str, Any]) -> Pick:
    return Pick(str(wish["listing"]), int(wish.get("quantity", 1)), str(wish["price"]) if wish.get("price") else None)


def _outcome(wish: dict[str, Any]) -> str:
    outcome = str(wish.get("outcome", ""))
    if outcome not in ("", "won", "lost"):
        raise ValueError("a dispute is won or lost")
    return outcome


def _read(name: str, work: Callable[[], dict[str, Any]]) -> Route:
    async def answer(_: Request) -> Response:
        return JSONResponse(work())

    return Route(f"/control/{name}", answer, methods=["GET"])


def _write(name: str, work: Work) -> Route:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(work(json.loads(await request.body() or b"{}")))
        except Unbuyable as error:
            return JSONResponse({"error": str(error)}, 409)
        except KeyError as error:
            return JSONResponse({"error": f"{error} is missing or unknown"}, 400)
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            return JSONResponse({"error": str(error)}, 400)

    handler: Callable[[Request], Awaitable[Response]] = answer
    return Route(f"/control/{name}", handler, methods=["POST"])
