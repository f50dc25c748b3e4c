"""What eBay knows of a category: suggestions for a title, item specifics, conditions. Remembered for a day, for all accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.errors import Invalid, Missing, Refused
from core.values.channel import Aspect, CategoryChoice, Connection
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.conditions import Allowed
from integrations.oauth import Now

KEPT = timedelta(days=1)
MOST = 500
VALUES = 100  # brands run to thousands; where only listed values are taken, all are kept


class Catalogue:
    def __init__(self, client: Client, now: Now) -> None:
        self._client = client
        self._now = now
        self._kept: dict[str, tuple[datetime, Any]] = {}

    async def categories(self, title: str) -> Sequence[CategoryChoice]:
        """Suggestions for a title, best first."""
        if not title.strip():
            return ()
        tree = await self._tree()
        url = f"{self._client.settings.taxonomy}/category_tree/{tree}/get_category_suggestions"
        answer = await self._client.as_app("GET", url, params={"q": title})
        return categories_of(answer.object())

    async def aspects(self, category: str) -> Sequence[Aspect]:
        """Item specifics, required ones first. Raises `Missing` for a category that is none."""

        async def ask() -> Sequence[Aspect]:
            tree = await self._tree()
            url = f"{self._client.settings.taxonomy}/category_tree/{tree}/get_item_aspects_for_category"
            try:
                answer = await self._client.as_app("GET", url, params={"category_id": category})
            except (Refused, Missing, Invalid) as error:
                if error.code not in {"62005", "62006", "62008", "62009"}:
                    raise
                raise Missing(Told("eBay does not have that category. Choose another."), field="category", code=error.code) from error
            return aspects_of(answer.object())

        found: Sequence[Aspect] = await self._keep(f"aspects:{category}", ask)
        return found

    async def conditions(self, account: Connection, category: str) -> Sequence[Allowed]:
        """Conditions that a category takes; empty when eBay says nothing of it."""

        async def ask() -> Sequence[Allowed]:
            own = self._client.settings
            url = f"{own.metadata}/marketplace/{own.marketplace}/get_item_condition_policies"
            answer = await self._client.as_seller(account, "GET", url, params={"filter": f"categoryIds:{{{category}}}"})
            return conditions_of(answer.object(), category)

        found: Sequence[Allowed] = await self._keep(f"conditions:{category}", ask)
        return found

    async def _tree(self) -> str:
        async def ask() -> str:
            own = self._client.settings
            answer = await self._client.as_app(
                "GET", f"{own.taxonomy}/get_default_category_tree_id", params={"marketplace_id": own.marketplace}
            )
            return str(answer.object().get("categoryTreeId", ""))

        found: str = await self._keep("tree", ask)
        return found

    async def _keep(self, key: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        now = self._now()
        found = self._kept.get(key)
        if found and found[0] > now:
            return found[1]
        value = await ask()
        self._kept.pop(key, None)
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (now + KEPT, value)
        return value


def categories_of(body: Mapping[str, Any]) -> Sequence[CategoryChoice]:
    choices = []
    for one in body.get("categorySuggestions") or []:
        category = one.get("category") or {}
        above = sorted(one.get("categoryTreeNodeAncestors") or [], key=lambda node: int(node.get("categoryTreeNodeLevel") or 0))
        names = [str(node.get("categoryName", "")) for node in above] + [str(category.get("categoryName", ""))]
        choices.append(CategoryChoice(str(category.get("categoryId", "")), names[-1], " > ".join(names)))
    return tuple(choices)


def aspects_of(body: Mapping[str, Any]) -> Sequence[Aspect]:
    """In eBay's own order, which is by relevance, with the required ones before the others."""
    found = []
    for one in body.get("aspects") or []:
        rule = one.get("aspectConstraint") or {}
        only_listed = rule.get("aspectMode") == "SELECTION_ONLY"
        values = tuple(str(value.get("localizedValue", "")) for value in one.get("aspectValues") or [])
        name = str(one.get("localizedAspectName", ""))
        found.append(Aspect(name, bool(rule.get("aspectRequired")), values if only_listed else values[:VALUES], only_listed))
    return tuple(sorted(found, key=lambda aspect: not aspect.required))


def conditions_of(body: Mapping[str, Any], category: str) -> Sequence[Allowed]:
    policies = body.get("itemConditionPolicies") or []
    own = next((one for one in policies if str(one.get("categoryId")) == category), None)
    found = []
    for one in (own or {}).get("itemConditions") or []:
        rules = [descriptor.get("conditionDescriptorConstraint") or {} for descriptor in one.get("conditionDescriptors") or []]
        graded = any(rule.get("usage") == "REQUIRED" for rule in rules)
        found.append(Allowed(str(one.get("conditionId", "")), str(one.get("conditionDescription", "")), graded))
    return tuple(found)
