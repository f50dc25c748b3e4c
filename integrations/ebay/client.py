"""Calls to eBay: as a seller, or as the app itself. Tokens, pace and errors are settled here; nothing is known of listings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import AuthLost, Refused
from core.values.channel import Connection
from core.words import Told
from integrations.ebay.errors import error_of
from integrations.ebay.settings import APP_SCOPE, EbaySettings
from integrations.http import Files, Http, Response
from integrations.oauth import AppToken, Now, Tokens, token_call, utc_now

SERVICE = "eBay"
APP = "eBay does not allow this to Haggle's own keys. Look at the keyset at developer.ebay.com."
BUSY_SECONDS = 30.0  # eBay's short windows are of 5 to 15 s, its long one is a day: this is in between
PICTURES = ".ebayimg.com"  # the host of every picture that eBay keeps (i.ebayimg.com)
MEDIA_BUSY_SECONDS = 5.0  # 50 uploads in 5 s a seller (Media API, createImageFromFile)


class Client:
    """One for all accounts. Every call raises `core.errors`; an answer that comes back is a success."""

    def __init__(self, http: Http, settings: EbaySettings, now: Now = utc_now) -> None:
        self.settings = settings
        self._http = http
        self.tokens = Tokens(SERVICE, self._refresh, now)
        self.app = AppToken(self._app_token, now)

    async def as_seller(
        self,
        account: Connection,
        method: str,
        url: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        files: Files | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - handed to the HTTP client, which bounds each wait of a socket
        busy_after: float = BUSY_SECONDS,
        scheme: str = "Bearer",
        header: str = "Authorization",
        content: bytes | None = None,
        refuses: Callable[[Response], bool] = lambda answer: answer.status == 401,
    ) -> Response:
        """A call with the seller's token, in the header and behind the word that the API wants. A refused token is renewed once.
        `refuses` says how an API refuses one: a success that does so twice is the caller's to read."""
        rejected = ""
        while True:
            token = await self.tokens.access(account, rejected=rejected)
            answer = await self._http.call(
                method, url, service=SERVICE, json=json, params=params, files=files, content=content, timeout=timeout, pace=account.pace,
                busy_after=busy_after, headers={header: f"{scheme} {token}".strip(), **(headers or {})},
            )  # fmt: skip
            last = bool(rejected) or not refuses(answer)
            if answer.ok and last:
                return answer
            if last:
                raise error_of(answer)
            rejected = token

    async def as_app(self, method: str, url: str, *, json: Any = None, params: Mapping[str, str] | None = None) -> Response:
        """A call with the app's own token, for what belongs to no seller: what is refused here says nothing of an account."""
        rejected = ""
        while True:
            token = await self.app.access(rejected=rejected)
            answer = await self._http.call(
                method, url, service=SERVICE, json=json, params=params, busy_after=BUSY_SECONDS,
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
            if answer.ok:
                return answer
            if answer.status != 401 or rejected:
                error = error_of(answer)
                raise Refused(APP, code=error.code, cause=error.cause) if isinstance(error, AuthLost) else error
            rejected = token

    async def picture(self, account: Connection, url: str) -> Response:
        """A photo of a listing, from eBay's picture server: no token goes there, and no other address is asked."""
        host = urlsplit(url).hostname or ""
        if host != urlsplit(self.settings.api_url).hostname and not (url.startswith("https://") and host.endswith(PICTURES)):
            raise Refused(Told("This photo is not on eBay's own picture server, so I leave it out."), cause=host)
        return await self._http.call("GET", url, service=SERVICE, headers={"Accept": "image/*"}, pace=account.pace)

    async def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Ask the token endpoint."""
        own = self.settings
        return await token_call(self._http, own.token, form, service=SERVICE, client_id=own.client_id, client_secret=own.client_secret)

    async def _refresh(self, refresh_token: str) -> dict[str, Any]:
        # Without a scope the new token has all that the seller agreed to (RFC 6749, 6).
        return await self.exchange({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _app_token(self) -> dict[str, Any]:
        try:
            return await self.exchange({"grant_type": "client_credentials", "scope": APP_SCOPE})
        except AuthLost as error:
            raise Refused(APP, code=error.code, cause=error.cause) from error
