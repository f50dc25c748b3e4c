"""Orders: bought through control or the storefront, refunded, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from integrations.sandbox.market import Pick, Unbuyable
from integrations.sandbox.shopify.shops import Shops, bare
from integrations.sandbox.store import Doc

PAID = {"PAID", "PARTIALLY_REFUNDED", "REFUNDED"}


# -- buying


def buy(shops: Shops, basket: Sequence[tuple[Doc, Pick]], *, paid: bool) -> Doc:
    """Sell now or never: the stock goes down with the order, paid or not. Raises `Unbuyable`, and then nothing has changed."""
    shop = basket[0][0]["shop"]
    for product, _ in basket:
        wanted = sum(pick.quantity for other, pick in basket if other["number"] == product["number"])
        if product["shop"] != shop or not shops.buyable(product, wanted):
            raise Unbuyable("This product cannot be bought: it is not in the online store, or there are not enough left.")
    lines = [_sold(shops, product, pick) for product, pick in basket]
    total = sum((Decimal(one["price"]) * one["quantity"] for one in lines), Decimal(0))
    now, number = shops.now(), shops.number()
    order: Doc = {
        "shop": shop, "number": str(number), "name": f"#{1000 + sum(1 for _ in shops.all('order', shop)) + 1}",
        "created_at": now, "updated_at": now, "cancelled_at": None, "financial": "PAID" if paid else "PENDING",
        "fulfillment": "UNFULFILLED", "currency": shops.open(shop)["currency"], "total": f"{total:.2f}", "refunds": [], "lines": lines,
    }  # fmt: skip
    shops.put("order", order["number"], order)
    return order


def _sold(shops: Shops, product: Doc, pick: Pick) -> Doc:
    """Take one line's units from the place that has most of them."""
    location = max(product["levels"], key=lambda one: product["levels"][one])
    product["levels"][location] -= pick.quantity
    product["sold"] += pick.quantity
    shops.save_product(product)
    return {
        "id": str(shops.number()), "product": product["number"], "variant": product["variant"], "sku": product["sku"],
        "title": product["title"], "quantity": pick.quantity, "price": f"{Decimal(pick.price or product['price']):.2f}",
        "location": location,
    }  # fmt: skip


def cancel(shops: Shops, order: Doc, *, restock: bool = True, money_back: bool = True) -> None:
    """Cancelled, the money given back and the stock put back unless it says otherwise. Raises `Unbuyable` when it is cancelled already."""
    if order["cancelled_at"]:
        raise Unbuyable("This order is cancelled already.")
    if left_to_refund(order) > 0 and money_back:
        refund(shops, order, left_to_refund(order))
    elif order["financial"] == "PENDING":
        order["financial"] = "VOIDED"
    order |= {"cancelled_at": shops.now(), "updated_at": shops.now()}
    shops.put("order", order["number"], order)
    for line in order["lines"]:
        product = shops.get("product", line["product"])
        if product is not None and restock:
            product["levels"][line["location"]] += line["quantity"]
            product["sold"] -= line["quantity"]
            shops.save_product(product)


def pay(shops: Shops, order: Doc) -> None:
    """The buyer pays later. Raises `Unbuyable` when there is nothing to pay."""
    if order["financial"] != "PENDING":
        raise Unbuyable("This order does not wait for its payment.")
    order |= {"financial": "PAID", "updated_at": shops.now()}
    shops.put("order", order["number"], order)


def refund(shops: Shops, order: Doc, amount: Decimal) -> None:
    """Money given back by the seller, without taking anything off the order. Raises `Unbuyable` when that much was not paid."""
    if not 0 < amount <= left_to_refund(order):
        raise Unbuyable(f"Of this order {left_to_refund(order)} can be given back.")
    order["refunds"] = [*order["refunds"], f"{amount:.2f}"]
    order["financial"] = "PARTIALLY_REFUNDED" if left_to_refund(order) > 0 else "REFUNDED"
    order["updated_at"] = shops.now()
    shops.put("order", order["number"], order)


def left_to_refund(order: Doc) -> Decimal:
    """What was paid and not given back."""
    if order["financial"] not in PAID:
        return Decimal(0)
    return Decimal(order["total"]) - sum(map(Decimal, order["refunds"]), Decimal(0))


def find(shops: Shops, wanted: str) -> Doc | None:
    return shops.get("order", bare(wanted))
