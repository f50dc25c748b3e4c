"""Orders: bought through control or the storefront, shown through the API, told by webhooks."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from graphql import GraphQLError

from integrations.sandbox.market import Pick, Unbuyable
from integrations.sandbox.shopify import products
from integrations.sandbox.shopify.products import View
from integrations.sandbox.shopify.shops import Shops, bare, gid
from integrations.sandbox.store import Doc

# Shopify Payments on the basic plan in the United States: 2.9 % and 30 cents.
FEE_SHARE, FEE_FLAT = Decimal("0.029"), Decimal("0.30")
BUYER = {
    "name": "Sam Buyer", "phone": "+15555550100", "address1": "1 Test Street", "address2": None, "city": "Springfield", "zip": "62701",
    "countryCodeV2": "US",
}  # fmt: skip
EMAIL = "buyer@example.com"
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


def cancel(shops: Shops, order: Doc) -> None:
    """Cancelled, the money given back and the stock put back. Raises `Unbuyable` when it is cancelled already."""
    if order["cancelled_at"]:
        raise Unbuyable("This order is cancelled already.")
    if left_to_refund(order) > 0:
        refund(shops, order, left_to_refund(order))
    elif order["financial"] == "PENDING":
        order["financial"] = "VOIDED"
    order |= {"cancelled_at": shops.now(), "updated_at": shops.now()}
    shops.put("order", order["number"], order)
    for line in order["lines"]:
        product = shops.get("product", line["product"])
        if product is not None:
            product["levels"][line["location"]] += line["quantity"]
            product["sold"] -= line["quantity"]
            shops.save_product(product)


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


# -- showing


def view(shops: Shops, order: Doc) -> View:
    """An order as the type `Order`."""

    def cash(amount: str) -> View:
        return {"shopMoney": {"amount": amount, "currencyCode": order["currency"]}}

    def lines(_: Any, first: int = 20, after: str | None = None) -> View:
        begin = int(after or 0)
        page = order["lines"][begin : begin + first]
        return {
            "nodes": [_line_view(shops, one, cash) for one in page],
            "pageInfo": {"hasNextPage": begin + first < len(order["lines"]), "endCursor": str(begin + len(page))},
        }

    return {
        "id": gid("Order", order["number"]),
        "createdAt": order["created_at"],
        "updatedAt": order["updated_at"],
        "cancelledAt": order["cancelled_at"],
        "fullyPaid": order["financial"] in PAID,
        "displayFinancialStatus": order["financial"],
        "displayFulfillmentStatus": order["fulfillment"],
        "totalPriceSet": cash(order["total"]),
        "totalShippingPriceSet": cash("0.00"),
        "totalTaxSet": cash("0.00"),
        "transactions": lambda _, first=10: _transactions(order)[:first],
        "email": EMAIL,
        "phone": None,
        "shippingAddress": BUYER,
        "lineItems": lines,
    }


def _line_view(shops: Shops, line: Doc, cash: Callable[[str], View]) -> View:
    product = shops.get("product", line["product"])
    return {
        "id": gid("LineItem", line["id"]),
        "sku": line["sku"],
        "title": line["title"],
        "quantity": line["quantity"],
        "discountedUnitPriceAfterAllDiscountsSet": cash(line["price"]),
        "product": products.view(shops, product) if product else None,
    }


def _transactions(order: Doc) -> list[View]:
    if order["financial"] not in PAID:
        return [{"kind": "SALE", "status": "PENDING", "fees": []}]
    fee = (Decimal(order["total"]) * FEE_SHARE + FEE_FLAT).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    amounts = {
        "amount": {"amount": f"{fee}", "currencyCode": order["currency"]},
        "taxAmount": {"amount": "0.00", "currencyCode": order["currency"]},
    }
    sale = {"kind": "SALE", "status": "SUCCESS", "fees": [amounts]}
    return [sale, *({"kind": "REFUND", "status": "SUCCESS", "fees": []} for _ in order["refunds"])]


def search(shops: Shops, shop: str, *, query: str, first: int, after: str | None, sort: str) -> View:
    """`orders`: the search knows `updated_at:>='…'` (and `>`, `<`, `<=`) only."""
    keys = {"UPDATED_AT": "updated_at", "CREATED_AT": "created_at", "PROCESSED_AT": "created_at", "ID": "number"}
    found = sorted((one for one in shops.all("order", shop) if _matches(one, query)), key=lambda one: (one[keys[sort]], one["number"]))
    if after is not None:
        passed = tuple(urlsafe_b64decode(after).decode().split(" ", 1))
        found = [one for one in found if (one[keys[sort]], one["number"]) > passed]
    page = found[:first]
    cursor = urlsafe_b64encode(f"{page[-1][keys[sort]]} {page[-1]['number']}".encode()).decode() if page else None
    return {"nodes": [view(shops, one) for one in page], "pageInfo": {"hasNextPage": len(found) > len(page), "endCursor": cursor}}


def _matches(order: Doc, query: str) -> bool:
    for term in query.split():
        found = re.fullmatch(r"updated_at:(>=|<=|>|<)'?([0-9TZ:+-]+)'?", term)
        if found is None:
            raise GraphQLError("the stand-in does not know this search", extensions={"code": "BAD_REQUEST"})
        at, limit = order["updated_at"], found[2]
        if not {">=": at >= limit, "<=": at <= limit, ">": at > limit, "<": at < limit}[found[1]]:
            return False
    return True


def payload(order: Doc) -> dict[str, Any]:
    """The body of an order's webhook, which has the shape of the REST API."""
    items = [
        {
            "id": int(line["id"]),
            **{name: line[name] for name in ("sku", "title", "quantity", "price")},
            "product_id": int(line["product"]),
            "variant_id": int(line["variant"]),
        }
        for line in order["lines"]
    ]
    return {
        "id": int(order["number"]),
        "admin_graphql_api_id": gid("Order", order["number"]),
        "name": order["name"],
        "email": EMAIL,
        "created_at": order["created_at"],
        "updated_at": order["updated_at"],
        "cancelled_at": order["cancelled_at"],
        "currency": order["currency"],
        "financial_status": order["financial"].lower(),
        "fulfillment_status": None,
        "total_price": order["total"],
        "line_items": items,
    }


def find(shops: Shops, wanted: str) -> Doc | None:
    return shops.get("order", bare(wanted))
