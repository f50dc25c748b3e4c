"""Is an account able to sell? Who it is, its business policies, where it ships from, its webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from core.errors import Missing, Refused
from core.values.channel import Connection, Health
from core.words import N_, Told, joined
from integrations.ebay.client import Client
from integrations.ebay.mapping import POLICIES
from integrations.ebay.notifications import Notifications
from integrations.http import gather_some

PROGRAM = "SELLING_POLICY_MANAGEMENT"
LOCATION_KEY = "haggle"
LISTS = {"payment": "paymentPolicies", "return": "returnPolicies", "fulfillment": "fulfillmentPolicies"}
_LACKS = {
    "payment": N_("This eBay account has no payment policy. Make one at ebay.com/bp; I look again every hour."),
    "return": N_("This eBay account has no return policy. Make one at ebay.com/bp; I look again every hour."),
    "fulfillment": N_("This eBay account has no shipping policy. Make one at ebay.com/bp; I look again every hour."),
}
_WHICH = N_("Put “Haggle” into the name of the one to use at ebay.com/bp; I look again every hour.")
_SEVERAL = {
    "payment": N_("This eBay account has several payment policies ({names})."),
    "return": N_("This eBay account has several return policies ({names})."),
    "fulfillment": N_("This eBay account has several shipping policies ({names})."),
}
LOCATION_EXISTS = "25803"
# eBay's answer to reading policies (HTTP 400) when the seller is not in their programme; its documents give the id no such meaning.
NOT_ELIGIBLE = "20403"
OPT_IN = Told(
    "Business policies are off for this eBay account, and Haggle lists with them. Switch them on at ebay.com/bp. "
    "eBay may take a day for it; I look again every hour."
)

Settings = dict[str, Any]
Answer = dict[str, Any] | Refused


class Checkup:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._notifications = Notifications(client)

    async def run(self, account: Connection) -> Health:
        """Everything at once, since each part is a call of its own. Settings: `marketplace`, `currency`, `payment_policy`,
        `return_policy`, `fulfillment_policy`, `location` and those of the webhooks."""
        own = self._client.settings
        query = {"marketplace_id": own.marketplace}
        urls = [(f"{own.account}/{kind}_policy", query) for kind in POLICIES]
        urls += [
            (f"{own.account}/program/get_opted_in_programs", {}),
            (f"{own.identity}/user/", {}),
            (f"{own.inventory}/location", {"limit": "100"}),
        ]
        reads = [self._tried if url.startswith(own.account) else self._get for url, _ in urls]
        answers = await gather_some(len(urls), [partial(read, account, *one) for read, one in zip(reads, urls, strict=True)])
        *policies, programs, user, locations = answers
        settings: Settings = {**account.settings, "marketplace": own.marketplace, "currency": own.site.currency}
        problems = _selling_problems(settings, programs, dict(zip(POLICIES, policies, strict=True)))
        problems += await self._location(account, settings, locations.get("locations") or [])
        settings |= await self._notifications.ensure(account)
        return Health(str(user.get("username") or ""), str(user.get("userId") or ""), tuple(problems), settings)

    async def _get(self, account: Connection, url: str, params: Mapping[str, str]) -> dict[str, Any]:
        return (await self._client.as_seller(account, "GET", url, params=params)).object()

    async def _tried(self, account: Connection, url: str, params: Mapping[str, str]) -> Answer:
        """What eBay refuses is a thing for the seller to mend, and no reason to give the connection up."""
        try:
            return await self._get(account, url, params)
        except Refused as error:
            return error

    async def _location(self, account: Connection, settings: Settings, locations: Sequence[Mapping[str, Any]]) -> list[str]:
        """Take a ship-from place that is there, or make one of what the seller told us. Gives problems; `asks_place` when we lack it."""
        settings["asks_place"] = False
        open_ones = [str(one["merchantLocationKey"]) for one in locations if one.get("merchantLocationStatus") == "ENABLED"]
        if settings.get("location") in open_ones:
            return []
        if open_ones:
            settings["location"] = LOCATION_KEY if LOCATION_KEY in open_ones else open_ones[0]
            return []
        settings.pop("location", None)
        try:
            body = location_body(settings.get("ship_from") or {})
            await self._create_location(account, body)
        except (Missing, Refused) as error:
            settings["asks_place"] = True
            return [str(error)]
        settings["location"] = LOCATION_KEY
        return []

    async def _create_location(self, account: Connection, body: Mapping[str, Any]) -> None:
        url = f"{self._client.settings.inventory}/location/{LOCATION_KEY}"
        try:
            await self._client.as_seller(account, "POST", url, json=body)
        except Refused as error:
            if error.code != LOCATION_EXISTS:
                raise
            await self._client.as_seller(account, "POST", f"{url}/enable")


def location_body(ship_from: Mapping[str, str]) -> dict[str, Any]:
    """A warehouse, which needs no street: country with postcode, or with city and state. Raises `Missing` for less."""
    country, postcode = ship_from.get("country", ""), ship_from.get("postcode", "")
    city, state = ship_from.get("city", ""), ship_from.get("state", "")
    if not country or not (postcode or (city and state)):
        raise Missing(Told("eBay wants to know where you ship from. Tell me the country and the postcode."), field="ship_from")
    address = {"country": country.upper(), "postalCode": postcode, "city": city, "stateOrProvince": state}
    body: dict[str, Any] = {
        "location": {"address": {name: value for name, value in address.items() if value}},
        "locationTypes": ["WAREHOUSE"],
        "merchantLocationStatus": "ENABLED",
        "name": "Haggle",
    }
    if ship_from.get("phone"):
        body["phone"] = ship_from["phone"]
    return body


def _selling_problems(settings: Settings, programs: Answer, policies: Mapping[str, Answer]) -> list[str]:
    """Choose business policies into `settings`; gives problems. A seller who is not in the programme of business policies is refused
    each of them."""
    refused = [one for one in (programs, *policies.values()) if isinstance(one, Refused)]
    if any(one.code == NOT_ELIGIBLE for one in refused):
        return [OPT_IN]
    if refused:
        return [refused[0].sentence]
    told = {kind: answer for kind, answer in policies.items() if isinstance(answer, dict)}
    entered = isinstance(programs, dict) and any(one.get("programType") == PROGRAM for one in programs.get("programs") or [])
    return [*([] if entered else [OPT_IN]), *_policies(settings, told)]


def _policies(settings: Settings, answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Choose a policy of each kind into `settings`; gives problems."""
    problems: list[str] = []
    for kind, answer in answers.items():
        policies = [one for one in answer.get(LISTS[kind]) or [] if _for_goods(one)]
        chosen = choose_policy(policies, f"{kind}PolicyId", str(settings.get(f"{kind}_policy", "")))
        settings.pop(f"{kind}_policy", None)
        if chosen:
            settings[f"{kind}_policy"] = chosen
        elif not policies:
            problems.append(Told(_LACKS[kind]))
        else:
            names = ", ".join(str(one.get("name", "")) for one in policies[:5])
            problems.append(joined(Told(_SEVERAL[kind], names=names), Told(_WHICH)))
    return problems


def choose_policy(policies: Sequence[Mapping[str, Any]], id_field: str, kept: str) -> str:
    """The one in use, the one named for us, eBay's default, or the only one; empty when that is not clear."""
    ids = [str(one[id_field]) for one in policies]
    if kept in ids:
        return kept
    named = [str(one[id_field]) for one in policies if "haggle" in str(one.get("name", "")).casefold()]
    default = [str(one[id_field]) for one in policies if any(kind.get("default") for kind in one.get("categoryTypes") or [])]
    for choice in (named, default, ids):
        if len(choice) == 1:
            return choice[0]
    return ""


def _for_goods(policy: Mapping[str, Any]) -> bool:
    """Policies for vehicles only are of no use."""
    kinds = {str(one.get("name", "")) for one in policy.get("categoryTypes") or []}
    return kinds != {"MOTORS_VEHICLES"}
