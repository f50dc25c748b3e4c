"""One call to Shopify's Admin API: token, pacing, errors."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import AuthLost, Busy, Missing, Refused
from core.values.channel import Connection
from core.words import Told
from integrations.http import Http
from integrations.oauth import Now, Tokens, token_error, utc_now
from integrations.shopify.errors import check_errors, check_status
from integrations.shopify.settings import ShopifySettings

SERVICE = "Shopify"
# A call that the bucket had no points for did nothing, and is repeated alone after so many seconds of waits at most. Whoever begins anew
# instead spends the points that came back on the calls before it: a publish of several calls could go on like that for ever.
PATIENCE = 3.0
PICTURES = "cdn.shopify.com"  # the host of every file that Shopify keeps


class Client:
    """All shops. An account's credentials are `shop` (its myshopify domain), `access_token`, `scope`, and for an expiring token
    `refresh_token` and `expires_at`."""

    def __init__(self, http: Http, settings: ShopifySettings, now: Now = utc_now) -> None:
        self._http = http
        self._settings = settings
        self._now = now
        self._tokens: dict[str, Tokens] = {}  # by shop: each shop has its own token endpoint

    async def run(self, account: Connection, document: str, variables: Mapping[str, Any], optional: Collection[str] = ()) -> dict[str, Any]:
        """Carry out a document and give its `data`. Fields named in `optional` may be denied to the app. Raises `core.errors`;
        `userErrors` are the caller's to check."""
        patience = PATIENCE
        while True:
            try:
                return await self._once(account, document, variables, optional)
            except Busy as busy:
                if busy.code != "THROTTLED" or busy.retry_after > patience:
                    raise
                patience -= busy.retry_after
                await asyncio.sleep(busy.retry_after)

    async def _once(self, account: Connection, document: str, variables: Mapping[str, Any], optional: Collection[str]) -> dict[str, Any]:
        shop = shop_of(account)
        tokens = self._tokens.setdefault(shop, self._renewals(shop))
        token = await tokens.access(account)
        answer = await self._send(account, shop, token, document, variables)
        if answer.status == 401 and account.credentials.get("refresh_token"):
            token = await tokens.access(account, rejected=token)
            answer = await self._send(account, shop, token, document, variables)
        check_status(answer)
        body = answer.object()
        check_errors(body, optional)
        data: dict[str, Any] = body["data"]
        return data

    async def upload(self, target: Mapping[str, Any], photo: bytes) -> None:
        """Put a photo on a staged upload's target, which is not Shopify's API but a storage service: no token goes there."""
        answer = await self._http.call(
            "POST",
            str(target["url"]),
            service="Shopify's photo storage",
            form={one["name"]: one["value"] for one in target["parameters"]},
            files={"file": ("photo.jpg", photo, "image/jpeg")},
            timeout=60,
        )
        if not answer.ok:
            raise Refused(Told("Shopify did not take a photo. Publish again, or leave the photo out."), code=str(answer.status))

    async def picture(self, account: Connection, url: str) -> bytes:
        """A photo of a product, from Shopify's file servers: no token goes there, and no other address is asked."""
        host = urlsplit(url).hostname or ""
        own = urlsplit(self._settings.graphql(shop_of(account))).hostname
        if host != own and not (url.startswith("https://") and host == PICTURES):
            raise Refused(Told("This photo is not on Shopify's own servers, so I leave it out."), cause=host)
        answer = await self._http.call("GET", url, service=SERVICE, headers={"Accept": "image/*"}, pace=account.pace)
        if not answer.ok:
            raise Missing(Told("Shopify does not have that photo any more."), field="photos")
        return answer.body

    async def exchange(self, shop: str, grant: Mapping[str, str]) -> dict[str, Any]:
        """Ask the shop's token endpoint. Raises `AuthLost` for a grant that is not valid, `Refused` when the app's keys are wrong."""
        keys = {"client_id": self._settings.client_id, "client_secret": self._settings.client_secret}
        answer = await self._http.call("POST", self._settings.token(shop), service=SERVICE, json={**keys, **grant})
        if answer.ok:
            return answer.object()
        raise token_error(answer)

    def forget(self, account: Connection) -> None:
        """Drop what is remembered of an account, when it is disconnected."""
        tokens = self._tokens.get(str(account.credentials.get("shop", "")))
        if tokens:
            tokens.forget(account.account_id)

    def _renewals(self, shop: str) -> Tokens:
        async def refresh(token: str) -> Mapping[str, Any]:
            if not self._settings.client_id:
                raise Missing(Told("The Shopify app's id and secret are not set. Set them, then try again."))
            return await self.exchange(shop, {"grant_type": "refresh_token", "refresh_token": token})

        return Tokens(SERVICE, refresh, self._now)

    async def _send(self, account: Connection, shop: str, token: str, document: str, variables: Mapping[str, Any]) -> Any:
        return await self._http.call(
            "POST",
            self._settings.graphql(shop),
            service=SERVICE,
            headers={"X-Shopify-Access-Token": token},
            json={"query": document, "variables": variables},
            pace=account.pace,
        )


def shop_of(account: Connection) -> str:
    """The account's myshopify domain."""
    shop = str(account.credentials.get("shop", ""))
    if not shop:
        raise AuthLost(Told("This Shopify connection is not complete. Connect the shop again."), cause="no shop in the credentials")
    return shop
