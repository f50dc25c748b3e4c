"""Consent and tokens: the authorization code grant with expiring offline tokens."""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from integrations.sandbox.pages import page
from integrations.sandbox.shopify.shops import MARKET, Shops, stamp
from integrations.sandbox.store import Doc

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 24 * 3600
CODE_SECONDS = 600


class OAuth:
    """A grant holds its tokens. The refresh token before the last stays good until the new access token is used, as at Shopify
    since August 2026."""

    def __init__(self, shops: Shops) -> None:
        self._shops = shops
        self.client_id = shops.world.credential(MARKET, "client_id", lambda: secrets.token_hex(16))
        self.client_secret = shops.world.credential(MARKET, "client_secret", lambda: f"shpss_{secrets.token_hex(16)}")

    # -- the consent

    async def authorize(self, request: Request) -> Response:
        """The page that asks the seller; its button comes back here as a POST."""
        shop, asked = request.path_params["shop"], request.query_params
        back = urlsplit(asked.get("redirect_uri", ""))
        if asked.get("client_id") != self.client_id or back.scheme not in {"http", "https"} or not back.netloc:
            return page("Oauth error", "<h1>Oauth error</h1><p>The app or its redirect_uri is not known.</p>", status=400)
        if request.method == "POST":
            return self._approve(shop, dict(asked))
        scopes = "".join(f"<li>{escape(one)}</li>" for one in asked.get("scope", "").split(","))
        body = (
            f"<h1>Install app</h1><p>An app wants to work with <b>{escape(shop)}</b>:</p><ul>{scopes}</ul>"
            f'<form method="post" action="?{escape(str(request.url.query))}"><button>Install</button></form>'
        )
        return page("Install app", body, forms=f"'self' {back.scheme}://{back.netloc}")

    def _approve(self, shop: str, asked: dict[str, str]) -> Response:
        self._shops.open(shop)
        code = secrets.token_hex(16)
        until = stamp(self._shops.world.now() + timedelta(seconds=CODE_SECONDS))
        self._shops.put("code", code, {"shop": shop, "scope": asked.get("scope", ""), "until": until})
        query = {
            "code": code,
            "host": b64encode(f"admin.shopify.com/store/{shop.partition('.')[0]}".encode()).decode().rstrip("="),
            "shop": shop,
            "state": asked.get("state", ""),
            "timestamp": str(int(self._shops.world.now().timestamp())),
        }
        signed = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
        query["hmac"] = hmac.new(self.client_secret.encode(), signed.encode(), sha256).hexdigest()
        mark = "&" if "?" in asked["redirect_uri"] else "?"
        return RedirectResponse(f"{asked['redirect_uri']}{mark}{urlencode(query)}", 303)

    # -- the token endpoint

    async def token(self, request: Request) -> Response:
        """A code or a refresh token for an access token."""
        asked = await _fields(request)
        if asked.get("client_id") != self.client_id or asked.get("client_secret") != self.client_secret:
            return _error("invalid_client")
        shop = request.path_params["shop"]
        if asked.get("grant_type") == "refresh_token":
            return self._renew(shop, asked.get("refresh_token", ""))
        code = self._shops.get("code", asked.get("code", ""))
        if code is None or code["shop"] != shop or code["until"] < self._shops.now():
            return _error("invalid_request")
        self._shops.delete("code", asked["code"])
        if asked.get("expiring") != "1":
            return JSONResponse(self._issue({"shop": shop, "scope": code["scope"], "refresh": "", "previous": ""}))
        for grant in [one for one in self._shops.all("grant", shop) if one["refresh"]]:
            self._revoke(grant)  # an app has one expiring grant in a shop
        return JSONResponse(self._issue({"shop": shop, "scope": code["scope"], "refresh": secrets.token_hex(24), "previous": ""}))

    def _renew(self, shop: str, refresh: str) -> Response:
        grant = next((one for one in self._shops.all("grant", shop) if refresh and refresh in {one["refresh"], one["previous"]}), None)
        if grant is None or grant["refresh_until"] < self._shops.now():
            return _error("invalid_grant")
        self._revoke(grant)
        return JSONResponse(self._issue({"shop": shop, "scope": grant["scope"], "refresh": secrets.token_hex(24), "previous": refresh}))

    def _issue(self, grant: Doc) -> Doc:
        now = self._shops.world.now()
        access = f"shpat_{secrets.token_hex(16)}"
        until = stamp(now + timedelta(seconds=ACCESS_SECONDS)) if grant["refresh"] else ""
        kept = {**grant, "access": access, "until": until, "refresh_until": stamp(now + timedelta(seconds=REFRESH_SECONDS))}
        self._shops.put("grant", access, kept)
        answer = {"access_token": access, "scope": grant["scope"]}
        if not grant["refresh"]:
            return answer
        return {
            **answer,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": grant["refresh"],
            "refresh_token_expires_in": REFRESH_SECONDS,
        }

    def _revoke(self, grant: Doc) -> None:
        self._shops.delete("grant", grant["access"])

    # -- using it

    def scopes(self, shop: str, access: str) -> frozenset[str] | None:
        """What a token may do in a shop, None when it is not good (any more)."""
        grant = self._shops.get("grant", access)
        if grant is None or grant["shop"] != shop or (grant["until"] and grant["until"] < self._shops.now()):
            return None
        if grant["previous"]:
            self._shops.put("grant", access, grant | {"previous": ""})
        return frozenset(grant["scope"].split(","))


async def _fields(request: Request) -> dict[str, str]:
    body = (await request.body()).decode()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            found = json.loads(body)
        except ValueError:
            return {}
        return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return {name: values[0] for name, values in parse_qs(body).items()}


def _error(code: str) -> Response:
    return JSONResponse({"error": code, "error_description": "the grant or the app is not valid"}, 400)
