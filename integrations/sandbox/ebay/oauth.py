"""OAuth: the consent page of auth.ebay.com and the token endpoint."""

from __future__ import annotations

import base64
import binascii
import secrets
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay.calls import BASE
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.pages import page

ACCESS_SECONDS = 7200
REFRESH_SECONDS = 47_304_000  # 18 months
CODE_SECONDS = 299


class _Wrong(Exception):
    """An error in OAuth's own body, which has no `errors[]` envelope."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class OAuth:
    """Client id and secret are made at the first start and kept in sandbox.json."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._world = shop.world
        self._store = shop.store
        self._client_id = shop.world.credential("ebay", "client_id", lambda: f"Sandbox-{secrets.token_hex(12)}")
        self._secret = shop.world.credential("ebay", "client_secret", lambda: secrets.token_urlsafe(32))

    def routes(self) -> list[Route]:
        return [
            Route("/ebay-auth/oauth2/authorize", self._consent, methods=["GET"]),
            Route("/ebay-auth/oauth2/authorize", self._agreed, methods=["POST"]),
            Route("/ebay/identity/v1/oauth2/token", self._token_call, methods=["POST"]),
        ]

    # -- the consent page

    async def _consent(self, request: Request) -> Response:
        query = dict(request.query_params)
        accept = self._accept_url(query.get("redirect_uri", ""))
        if query.get("client_id") != self._client_id or query.get("response_type") != "code" or accept is None:
            return page("eBay sandbox", "<h1>This application cannot ask for consent</h1><p>Check client id and RuName.</p>", status=400)
        fields = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items())
        wanted = "".join(
            f"<li>{escape(one.removeprefix(BASE).lstrip('/') or 'basic access')}</li>" for one in query.get("scope", "").split()
        )
        body = (
            f"<h1>Connect {escape(self._shop.seller)}</h1><p>The application asks for:</p><ul>{wanted}</ul>"
            f'<form method="post">{fields}<button name="answer" value="agree">Agree and continue</button> '
            '<button name="answer" value="decline">Not now</button></form>'
        )
        parts = urlsplit(accept)
        # A form's redirect is checked against form-action as well, so the application's address must be in it.
        return page("eBay sandbox: consent", body, forms=f"'self' {parts.scheme}://{parts.netloc}")

    async def _agreed(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        accept = self._accept_url(form.get("redirect_uri", ""))
        if accept is None or form.get("client_id") != self._client_id:
            return page("eBay sandbox", "<h1>This application cannot ask for consent</h1>", status=400)
        answer = {"state": form["state"]} if "state" in form else {}
        if form.get("answer") != "agree":
            answer |= {"error": "access_denied", "error_description": "The seller declined."}
        else:
            code = f"v^1.1#i^1#{secrets.token_urlsafe(32)}"
            expires = self._world.now().timestamp() + CODE_SECONDS
            doc = {"scopes": form.get("scope", "").split(), "redirect": form["redirect_uri"], "expires": expires}
            self._store.put("ebay.code", code, doc)
            answer |= {"code": code, "expires_in": str(CODE_SECONDS)}
        mark = "&" if "?" in accept else "?"
        return RedirectResponse(f"{accept}{mark}{urlencode(answer)}", 302)

    def _accept_url(self, runame: str) -> str | None:
        if runame.startswith(("http://", "https://")):
            return runame
        return self._world.settings.accept_urls.get(runame)

    # -- tokens

    async def _token_call(self, request: Request) -> Response:
        return await self._world.serve("ebay", "token", request, self._token)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        try:
            self._check_client(request.headers.get("authorization", ""))
            match form.get("grant_type"):
                case "authorization_code":
                    return self._by_code(form)
                case "refresh_token":
                    return self._by_refresh(form)
                case "client_credentials":
                    return self._for_app(form)
                case _:
                    raise _Wrong("unsupported_grant_type", "grant type in request is not supported by the authorization server")
        except _Wrong as wrong:
            return JSONResponse({"error": wrong.error, "error_description": str(wrong)}, wrong.status)

    def _check_client(self, header: str) -> None:
        kind, _, value = header.partition(" ")
        try:
            given = base64.b64decode(value, validate=True).decode() if kind.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if not secrets.compare_digest(given.encode(), f"{self._client_id}:{self._secret}".encode()):
            raise _Wrong("invalid_client", "client authentication failed", 401)

    def _by_code(self, form: dict[str, str]) -> Response:
        code = self._store.get("ebay.code", form.get("code", ""))
        if code is None or code["expires"] <= self._world.now().timestamp() or code["redirect"] != form.get("redirect_uri"):
            raise _Wrong("invalid_grant", "the provided authorization grant code is invalid or was issued to another client")
        self._store.delete("ebay.code", form["code"])
        refresh = f"v^1.1#i^1#r^1#{secrets.token_urlsafe(48)}"
        expires = self._world.now().timestamp() + REFRESH_SECONDS
        self._store.put("ebay.refresh", refresh, {"scopes": code["scopes"], "expires": expires, "user": self._shop.seller})
        more = {"refresh_token": refresh, "refresh_token_expires_in": REFRESH_SECONDS}
        return self._issue(code["scopes"], self._shop.seller, more)

    def _by_refresh(self, form: dict[str, str]) -> Response:
        grant = self._store.get("ebay.refresh", form.get("refresh_token", ""))
        if grant is None or grant["expires"] <= self._world.now().timestamp():
            raise _Wrong("invalid_grant", "the provided authorization refresh token is invalid or was issued to another client")
        wanted = form.get("scope", "").split() or grant["scopes"]
        if not set(wanted) <= set(grant["scopes"]):
            raise _Wrong("invalid_scope", "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client")
        return self._issue(wanted, grant["user"], {})

    def _for_app(self, form: dict[str, str]) -> Response:
        wanted = form.get("scope", "").split()
        # Only a seller's consent opens the selling interfaces; an application alone gets what is public.
        if not wanted or any(f"{BASE}/sell." in one for one in wanted):
            raise _Wrong("invalid_scope", "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client")
        return self._issue(wanted, "", {})

    def _issue(self, scopes: list[str], user: str, more: dict[str, object]) -> Response:
        token = f"v^1.1#i^1#{secrets.token_urlsafe(48)}"
        self._store.put("ebay.token", token, {"scopes": scopes, "user": user, "expires": self._world.now().timestamp() + ACCESS_SECONDS})
        kind = "User Access Token" if user else "Application Access Token"
        return JSONResponse({"access_token": token, "expires_in": ACCESS_SECONDS, "token_type": kind, **more})
