"""Orders as they are shown: through the Admin API, its search, and in webhooks."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from graphql import GraphQLError

from integrations.sandbox.shopify import orders, parcels, products
from integrations.sandbox.shopify.products import View
from integrations.sandbox.shopify.shops import Shops, gid
from integrations.sandbox.store import Doc

# Shopify Payments on the basic plan in the United States: 2.9 % and 30 cents.
FEE_SHARE, FEE_FLAT = Decimal("0.029"), Decimal("0.30")
BUYER = {
    "name": "Sam Buyer", "phone": "+15555550100", "address1": "1 Test Street", "address2": None, "city": "Springfield", "zip": "62701",
    "countryCodeV2": "US",
}  # fmt: skip
EMAIL = "buyer@example.com"


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
        "fullyPaid": order["financial"] in orders.PAID,
        "displayFinancialStatus": order["financial"],
        "displayFulfillmentStatus": order["fulfillment"],
        "totalPriceSet": cash(order["total"]),
        "totalShippingPriceSet": cash("0.00"),
        "totalTaxSet": cash("0.00"),
        "transactions": lambda _, first=10: _transactions(order, cash)[:first],
        "email": EMAIL,
        "phone": None,
        "shippingAddress": BUYER,
        "billingAddress": BUYER,
        "lineItems": lines,
        **parcels.views(shops, order, cash),
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


def _transactions(order: Doc, cash: Callable[[str], View]) -> list[View]:
    paid = parcels.sale(order, cash)
    if order["financial"] not in orders.PAID:
        return [{**paid, "kind": "SALE", "status": "PENDING", "fees": []}]
    fee = (Decimal(order["total"]) * FEE_SHARE + FEE_FLAT).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    amounts = {
        "amount": {"amount": f"{fee}", "currencyCode": order["currency"]},
        "taxAmount": {"amount": "0.00", "currencyCode": order["currency"]},
    }
    back = [
        {
            "id": gid("OrderTransaction", f"{order['number']}{place}"),
            "kind": "REFUND",
            "status": "SUCCESS",
            "fees": [],
            "amountSet": cash(amount),
        }
        for place, amount in enumerate(order["refunds"], 2)
    ]
    return [{**paid, "kind": "SALE", "status": "SUCCESS", "fees": [amounts]}, *back]


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
