"""Taxonomy and the one call of Metadata: categories, item specifics, conditions."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay.answers import Refusal
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.catalogue import NAMES, TREES, VERSION, Leaf, Specific, branch_id, leaves, suggest
from integrations.sandbox.ebay.shop import Shop


def routes(shop: Shop) -> list[Route]:
    tree = Api(shop, "/ebay/commerce/taxonomy/v1", ("",))
    tree.add("GET", "/get_default_category_tree_id", "getDefaultCategoryTreeId", _default_tree)
    tree.add("GET", "/category_tree/{tree}/get_category_suggestions", "getCategorySuggestions", _suggestions)
    tree.add(
        "GET",
        "/category_tree/{tree}/get_item_aspects_for_category",
        "getItemAspectsForCategory",
        _aspects,
        scopes=("", "metadata.insights"),
    )
    data = Api(shop, "/ebay/sell/metadata/v1", ("", "sell.inventory"))
    data.add("GET", "/marketplace/{marketplace}/get_item_condition_policies", "getItemConditionPolicies", _conditions)
    return tree.routes + data.routes


async def _default_tree(call: Call) -> Response:
    marketplace = call.query("marketplace_id")
    if not marketplace:
        raise Refusal(400, 62002, "taxonomy", "The marketplace id is missing.")
    if marketplace not in TREES:
        raise Refusal(400, 62003, "taxonomy", f"There is no marketplace {marketplace}.")
    return JSONResponse({"categoryTreeId": TREES[marketplace], "categoryTreeVersion": VERSION})


async def _suggestions(call: Call) -> Response:
    tree = _tree(call)
    if not call.query("q").strip():
        raise Refusal(400, 62007, "taxonomy", "The keywords are missing.")
    found = [_suggestion(call, tree, leaf) for leaf in suggest(call.query("q"))]
    return JSONResponse({"categorySuggestions": found, "categoryTreeId": tree, "categoryTreeVersion": VERSION})


async def _aspects(call: Call) -> Response:
    _tree(call)
    key = call.query("category_id")
    if not key:
        raise Refusal(400, 62006, "taxonomy", "The category id is missing.")
    leaf = leaves().get(key)
    if leaf is None:
        known = {branch_id(one.path[: depth + 1]) for one in leaves().values() for depth in range(len(one.path))}
        if key in known:
            raise Refusal(400, 62009, "taxonomy", "Only leaf categories have aspects.")
        raise Refusal(404, 62005, "taxonomy", "The category is not in this tree.")
    aspects = [_aspect(one, required=True) for one in leaf.required] + [_aspect(one, required=False) for one in leaf.recommended]
    return JSONResponse({"aspects": aspects})


async def _conditions(call: Call) -> Response:
    marketplace = call.path("marketplace")
    if marketplace not in TREES:
        raise Refusal(400, 46001, "metadata", f"There is no marketplace {marketplace}.")
    wanted = re.fullmatch(r"categoryIds:\{([\d|]+)\}", call.query("filter"))
    chosen = [leaves()[one] for one in wanted[1].split("|") if one in leaves()] if wanted else list(leaves().values())
    policies = [
        {
            "categoryId": leaf.id,
            "categoryTreeId": TREES[marketplace],
            "itemConditionRequired": True,
            "itemConditions": [{"conditionId": one, "conditionDescription": NAMES[one]} for one in leaf.conditions],
        }
        for leaf in chosen
    ]
    return JSONResponse({"itemConditionPolicies": policies})


def _tree(call: Call) -> str:
    tree = call.path("tree")
    if tree not in TREES.values():
        raise Refusal(404, 62004, "taxonomy", f"There is no category tree {tree}.")
    return tree


def _suggestion(call: Call, tree: str, leaf: Leaf) -> dict[str, Any]:
    base = f"{call.shop.world.base_url}/ebay/commerce/taxonomy/v1/category_tree/{tree}/get_category_subtree?category_id="
    ancestors = [
        {
            "categoryId": (key := branch_id(leaf.path[: depth + 1])),
            "categoryName": leaf.path[depth],
            "categoryTreeNodeLevel": depth + 1,
            "categorySubtreeNodeHref": f"{base}{key}",
        }
        for depth in reversed(range(len(leaf.path)))
    ]
    return {
        "category": {"categoryId": leaf.id, "categoryName": leaf.name},
        "categoryTreeNodeLevel": len(leaf.path) + 1,
        "categoryTreeNodeAncestors": ancestors,
    }


def _aspect(one: Specific, *, required: bool) -> dict[str, Any]:
    return {
        "localizedAspectName": one.name,
        "aspectConstraint": {
            "aspectDataType": "STRING",
            "aspectMode": "SELECTION_ONLY" if one.only_listed else "FREE_TEXT",
            "aspectRequired": required,
            "aspectUsage": "RECOMMENDED",
            "aspectEnabledForVariations": False,
            "itemToAspectCardinality": "MULTI" if one.many else "SINGLE",
            "aspectMaxLength": 65,
            "aspectApplicableTo": ["PRODUCT"],
        },
        "aspectValues": [{"localizedValue": value} for value in one.values],
    }
