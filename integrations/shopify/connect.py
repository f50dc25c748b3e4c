"""Connecting a shop: consent by a link, proven by Shopify's signature, turned into an access token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from core.errors import AuthLost, Missing, Refused, Unreachable
from core.words import Told
from integrations.http import Http
from integrations.oauth import Now, credentials_of, utc_now
from integrations.shopify.client import Client
from integrations.shopify.settings import WISHED, ShopifySettings, shop_domain
from integrations.shopify.signature import query_is_genuine


class ShopifyConnector:
    """OAuth 2 authorization code grant with offline tokens that expire, which Shopify demands of public apps from 2027 on
    (https://shopify.dev/docs/apps/build/authentication-authorization)."""

    kind = "shopify"

    def __init__(self, http: Http, settings: ShopifySettings, now: Now = utc_now) -> None:
        self._client = Client(http, settings, now)
        self._settings = settings
        self._now = now

    def consent_url(self, state: str, hint: str) -> str:
        """`hint` is the shop's name as typed. Raises `Invalid` for one that is none, `Missing` when the app's settings are incomplete."""
        self._complete()
        shop = shop_domain(hint)
        query = {
            "client_id": self._settings.client_id,
            "scope": ",".join((*self._settings.scopes, *WISHED)),
            "redirect_uri": self._settings.callback,
            "state": state,
        }
        return f"{self._settings.base(shop)}/admin/oauth/authorize?{urlencode(query)}"

    async def finish(self, query: Mapping[str, str], hint: str) -> Mapping[str, Any]:
        """Credentials for the callback's query, whose `state` the caller has compared already. Raises `Refused` when the query is not
        Shopify's own or is about another shop than `hint`, `AuthLost` when its code is used up."""
        self._complete()
        if "error" in query:
            raise Refused(Told("Shopify was not allowed to connect. Start again and agree on Shopify's page."), code=query["error"])
        if not query_is_genuine(query, self._settings):
            raise Refused(Told("This answer does not come from Shopify. Start again with a new link."))
        shop = shop_domain(query.get("shop", ""))
        if hint and shop_domain(hint) != shop:
            raise Refused(Told("The consent is for {shop}, not for the shop that you named. Start again with that shop's name.", shop=shop))
        if not query.get("code"):
            raise Refused(Told("The address lacks its code. Paste it whole, or start again with a new link."))
        try:
            answer = await self._client.exchange(shop, {"code": query["code"], "expiring": "1"})
        except AuthLost as error:
            raise Refused(Told("The consent has expired. Start again with a new link."), code=error.code, cause=error.cause) from error
        if not answer.get("access_token"):
            raise Unreachable(
                Told("Shopify gave an answer that makes no sense. Start again with a new link."), cause="no access token in answer"
            )
        return {**credentials_of(answer, self._now()), "shop": shop, "scope": str(answer.get("scope", ""))}

    def _complete(self) -> None:
        if not (self._settings.client_id and self._settings.client_secret):
            raise Missing(Told("Shopify is not set up here. Set HAGGLE_SHOPIFY_CLIENT_ID and HAGGLE_SHOPIFY_CLIENT_SECRET, then restart."))
        if not self._settings.callback:
            raise Missing(Told("Shopify needs an address to lead you back to. Set HAGGLE_PUBLIC_URL or HAGGLE_SHOPIFY_REDIRECT_URI."))
