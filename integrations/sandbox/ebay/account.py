"""Account (business policies, privileges, programs) and Identity."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay.answers import Refusal
from integrations.sandbox.ebay.calls import Api, Call, Handler
from integrations.sandbox.ebay.catalogue import TREES
from integrations.sandbox.ebay.shop import Shop

# kind: (id field, list field, operation's name in the plural)
KINDS = {
    "fulfillment": ("fulfillmentPolicyId", "fulfillmentPolicies", "FulfillmentPolic"),
    "payment": ("paymentPolicyId", "paymentPolicies", "PaymentPolic"),
    "return": ("returnPolicyId", "returnPolicies", "ReturnPolic"),
}
SELLING_LIMIT = 5000
PROGRAMS = ("SELLING_POLICY_MANAGEMENT", "OUT_OF_STOCK_CONTROL", "PARTNER_MOTORS_DEALER")


def routes(shop: Shop) -> list[Route]:
    api = Api(shop, "/ebay/sell/account/v1", ("sell.account", "sell.account.readonly"))
    change = ("sell.account",)
    for kind, (_, _, name) in KINDS.items():
        slash = "/" if kind == "fulfillment" else ""
        api.add("GET", f"/{kind}_policy", f"get{name}ies", _list(kind))
        for path in {f"/{kind}_policy", f"/{kind}_policy{slash}"}:
            api.add("POST", path, f"create{name}y", _create(kind), scopes=change)
        api.add("GET", f"/{kind}_policy/{{policy}}", f"get{name}y", _one(kind))
    api.add("GET", "/privilege", "getPrivileges", _privileges)
    api.add("GET", "/program/get_opted_in_programs", "getOptedInPrograms", _programs)
    api.add("POST", "/program/opt_in", "optInToProgram", _opt_in, scopes=change)
    api.add("POST", "/program/opt_out", "optOutOfProgram", _opt_out, scopes=change)
    who = Api(shop, "/ebay-apiz/commerce/identity/v1", ("commerce.identity.readonly",))
    for path in ("/user/", "/user"):
        who.add("GET", path, "getUser", _user)
    return api.routes + who.routes


def seed(shop: Shop) -> None:
    """What a seller who has sold before has: one policy of each kind, opted in to business policies."""
    shop.store.put("ebay.program", "SELLING_POLICY_MANAGEMENT", {})
    if shop.world.settings.ebay_policies:
        add(shop, "fulfillment", {"name": "Standard shipping", "marketplaceId": "EBAY_US", "handlingTime": {"value": 1, "unit": "DAY"}})
        add(shop, "payment", {"name": "Managed payments", "marketplaceId": "EBAY_US", "immediatePay": True})
        period = {"returnPeriod": {"value": 30, "unit": "DAY"}, "returnShippingCostPayer": "BUYER"}
        add(shop, "return", {"name": "30 days", "marketplaceId": "EBAY_US", "returnsAccepted": True, **period})


def add(shop: Shop, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Keep a policy and give it with its id."""
    key = str(shop.store.number("ebay.policy", 6200100001))
    policy = {"categoryTypes": [{"name": "ALL_EXCLUDING_MOTORS_VEHICLES"}], **body, KINDS[kind][0]: key}
    shop.store.put("ebay.policy", key, {"kind": kind, "policy": policy})
    return policy


def policy_fits(shop: Shop, kind: str, key: str | None, marketplace: str) -> bool:
    """Is there such a policy for that marketplace?"""
    found = shop.store.get("ebay.policy", key or "")
    return found is not None and found["kind"] == kind and found["policy"]["marketplaceId"] == marketplace


def _list(kind: str) -> Handler:
    async def handler(call: Call) -> Response:
        marketplace = _marketplace(call.query("marketplace_id"))
        _entered(call)
        found = [one["policy"] for one in call.shop.store.all("ebay.policy").values() if one["kind"] == kind]
        found = [one for one in found if one["marketplaceId"] == marketplace]
        return JSONResponse({KINDS[kind][1]: found, "total": len(found)})

    return handler


def _one(kind: str) -> Handler:
    async def handler(call: Call) -> Response:
        found = call.shop.store.get("ebay.policy", call.path("policy"))
        if found is None or found["kind"] != kind:
            raise Refusal(404, 20404, "account", f"{KINDS[kind][0]} was not found.")
        return JSONResponse(found["policy"])

    return handler


def _create(kind: str) -> Handler:
    async def handler(call: Call) -> Response:
        body = call.json()
        if not body.get("name"):
            raise Refusal(400, 20401, "account", "The field name is missing.", {"fieldName": "name"})
        _entered(call)
        _marketplace(str(body.get("marketplaceId", "")))
        for one in call.shop.store.all("ebay.policy").values():
            if (one["kind"], one["policy"]["name"], one["policy"]["marketplaceId"]) == (kind, body["name"], body["marketplaceId"]):
                raise Refusal(
                    400, 20400, "account", "A policy of this name exists already.", {"duplicatePolicyId": one["policy"][KINDS[kind][0]]}
                )
        policy = add(call.shop, kind, body)
        where = f"{call.shop.world.base_url}/ebay/sell/account/v1/{kind}_policy/{policy[KINDS[kind][0]]}"
        return JSONResponse({**policy, "warnings": []}, 201, {"Location": where})

    return handler


def _entered(call: Call) -> None:
    """Policies are for sellers in their programme, as sellers outside it are told on the wire."""
    if call.shop.store.get("ebay.program", "SELLING_POLICY_MANAGEMENT") is None:
        raise Refusal(400, 20403, "account", "User is not eligible for Business Policy.")


def _marketplace(name: str) -> str:
    if not name:
        raise Refusal(400, 20401, "account", "The field marketplaceId is missing.", {"fieldName": "marketplaceId"})
    if name not in TREES:
        raise Refusal(400, 20403, "account", "The marketplaceId is not valid.", {"fieldName": "marketplaceId"})
    return name


async def _privileges(_: Call) -> Response:
    limit = {"amount": {"value": "500000.0", "currency": "USD"}, "quantity": SELLING_LIMIT}
    return JSONResponse({"sellerRegistrationCompleted": True, "sellingLimit": limit})


async def _programs(call: Call) -> Response:
    return JSONResponse({"programs": [{"programType": one} for one in call.shop.store.all("ebay.program")]})


async def _opt_in(call: Call) -> Response:
    name = _program(call)
    if call.shop.store.get("ebay.program", name) is not None:
        raise Refusal(409, 25803, "account", f"{name} is opted in already.", {"fieldName": "programType"})
    call.shop.store.put("ebay.program", name, {})
    return JSONResponse({})


async def _opt_out(call: Call) -> Response:
    name = _program(call)
    if call.shop.store.get("ebay.program", name) is None:
        raise Refusal(404, 25802, "account", f"{name} is not opted in.", {"fieldName": "programType"})
    call.shop.store.delete("ebay.program", name)
    return JSONResponse({})


def _program(call: Call) -> str:
    name = str(call.json().get("programType", ""))
    if name not in PROGRAMS:
        raise Refusal(400, 20401, "account", "The field programType is missing.", {"fieldName": "programType"})
    return name


async def _user(call: Call) -> Response:
    if not call.token["user"]:
        raise Refusal(403, 1100, "ACCESS", "Access denied")
    name = call.token["user"]
    known = {"userId": f"sandbox-{name}", "username": name, "accountType": "INDIVIDUAL", "status": "CONFIRMED"}
    return JSONResponse({**known, "registrationMarketplaceId": "EBAY_US"})
