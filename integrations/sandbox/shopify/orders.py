"""Orders: bought through control or the storefront, shown through the API, told by webhooks."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from graphql import GraphQLError

from integrations.sandbox.market import Purchase, Unbuyable
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


# -- buying


def buy(shops: Shops, product: Doc, purchase: Purchase) -> Doc:
    """Sell now or never: the stock goes down with the order, paid or not. Raises `Unbuyable`."""
    if not shops.buyable(product, purchase.quantity):
        raise Unbuyable("This product cannot be bought: it is not in the online store, or there are not enough left.")
    price = Decimal(purchase.price or product["price"])
    location = max(product["levels"], key=lambda one: product["levels"][one])
    product["levels"][location] -= purchase.quantity
    product["sold"] += purchase.quantity
    shops.save_product(product)
    now, number = shops.now(), shops.number()
    order: Doc = {
        "shop": product["shop"], "number": str(number), "name": f"#{1000 + sum(1 for _ in shops.all('order', product['shop'])) + 1}",
        "created_at": now, "updated_at": now, "cancelled_at": None, "financial": "PAID" if purchase.paid else "PENDING",
        "fulfillment": "UNFULFILLED", "currency": shops.open(product["shop"])["currency"], "total": f"{price * purchase.quantity:.2f}",
        "line": {
            "id": str(shops.number()), "product": product["number"], "variant": product["variant"], "sku": product["sku"],
            "title": product["title"], "quantity": purchase.quantity, "price": f"{price:.2f}", "location": location,
        },
    }  # fmt: skip
    shops.put("order", order["number"], order)
    return order


def cancel(shops: Shops, order: Doc) -> None:
    """Cancelled, the money given back and the stock put back. Raises `Unbuyable` when it is cancelled already."""
    if order["cancelled_at"]:
        raise Unbuyable("This order is cancelled already.")
    order |= {"cancelled_at": shops.now(), "updated_at": shops.now(), "financial": "REFUNDED" if order["financial"] == "PAID" else "VOIDED"}
    shops.put("order", order["number"], order)
    product = shops.get("product", order["line"]["product"])
    if product is not None:
        product["levels"][order["line"]["location"]] += order["line"]["quantity"]
        product["sold"] -= order["line"]["quantity"]
        shops.save_product(product)


# -- showing


def view(shops: Shops, order: Doc) -> View:
    """An order as the type `Order`."""

    def cash(amount: str) -> View:
        return {"shopMoney": {"amount": amount, "currencyCode": order["currency"]}}

    line = order["line"]
    product = shops.get("product", line["product"])
    shown = {
        "id": gid("LineItem", line["id"]),
        "sku": line["sku"],
        "title": line["title"],
        "quantity": line["quantity"],
        "discountedUnitPriceAfterAllDiscountsSet": cash(line["price"]),
        "product": products.view(shops, product) if product else None,
    }
    return {
        "id": gid("Order", order["number"]),
        "createdAt": order["created_at"],
        "updatedAt": order["updated_at"],
        "cancelledAt": order["cancelled_at"],
        "fullyPaid": order["financial"] in {"PAID", "REFUNDED"},
        "displayFinancialStatus": order["financial"],
        "displayFulfillmentStatus": order["fulfillment"],
        "totalPriceSet": cash(order["total"]),
        "totalShippingPriceSet": cash("0.00"),
        "totalTaxSet": cash("0.00"),
        "transactions": lambda _, first=10: _transactions(order)[:first],
        "email": EMAIL,
        "phone": None,
        "shippingAddress": BUYER,
        "lineItems": lambda _, first=20, after=None: {
            "nodes": [shown][:first] if after is None else [],
            "pageInfo": {"hasNextPage": False, "endCursor": "line"},
        },
    }


def _transactions(order: Doc) -> list[View]:
    if order["financial"] not in {"PAID", "REFUNDED"}:
        return [{"kind": "SALE", "status": "PENDING", "fees": []}]
    fee = (Decimal(order["total"]) * FEE_SHARE + FEE_FLAT).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    amounts = {
        "amount": {"amount": f"{fee}", "currencyCode": order["currency"]},
        "taxAmount": {"amount": "0.00", "currencyCode": order["currency"]},
    }
    sale = {"kind": "SALE", "status": "SUCCESS", "fees": [amounts]}
    return [sale, {"kind": "REFUND", "status": "SUCCESS", "fees": []}] if order["financial"] == "REFUNDED" else [sale]


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
    line = order["line"]
    item = {"id": int(line["id"]), "sku": line["sku"], "title": line["title"], "quantity": line["quantity"], "price": line["price"]}
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
        "line_items": [item | {"product_id": int(line["product"]), "variant_id": int(line["variant"])}],
    }


def find(shops: Shops, wanted: str) -> Doc | None:
    return shops.get("order", bare(wanted))
