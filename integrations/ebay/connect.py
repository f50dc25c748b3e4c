"""How a seller connects eBay: the consent page, and the code that it sends back.

Source: developer.ebay.com, OAuth authorization code grant: `redirect_uri` is the app's RuName, not an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from core.errors import AuthLost, Missing, Refused
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.settings import SCOPES
from integrations.oauth import Now, credentials_of, utc_now


class EbayConnector:
    """Implements `core.ports.Connector`. Credentials: `access_token`, `expires_at`, `refresh_token`, `refresh_expires_at`, `scopes`."""

    kind = "ebay"

    def __init__(self, client: Client, now: Now = utc_now) -> None:
        self._client = client
        self._now = now

    def consent_url(self, state: str, hint: str = "") -> str:
        """Where the seller agrees. `hint` is of no use to eBay. Raises `Missing` when the app's keys are not set."""
        own = self._client.settings
        for name, value in (("CLIENT_ID", own.client_id), ("CLIENT_SECRET", own.client_secret), ("RU_NAME", own.ru_name)):
            if not value:
                raise Missing(
                    Told("Haggle's keys for eBay are not set. Make a keyset at developer.ebay.com and set HAGGLE_EBAY_{name}.", name=name),
                    field=f"HAGGLE_EBAY_{name}",
                )
        query = {
            "client_id": own.client_id,
            "redirect_uri": own.ru_name,
            "response_type": "code",
            "scope": " ".join(SCOPES),
            "state": state,
        }
        return f"{own.consent}?{urlencode(query)}"

    async def finish(self, query: Mapping[str, str], hint: str = "") -> Mapping[str, Any]:
        """The callback's query (or that of the pasted address) as credentials. Raises `Refused` when the seller said no, or the
        code is used up: it is good once, for five minutes."""
        if query.get("error"):
            raise Refused(Told("eBay was not connected, because the consent was declined. Start again to connect it."), code=query["error"])
        code = query.get("code", "")
        if not code:
            raise Missing(Told("The address has no code from eBay in it. Paste the whole address that eBay sent you to."), field="code")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._client.settings.ru_name}
        try:
            answer = await self._client.exchange(form)
        except AuthLost as error:
            sentence = "eBay's code has been used or is older than five minutes. Start again to get a new one."
            raise Refused(sentence, code=error.code, cause=error.cause) from error
        now = self._now()
        credentials = {**credentials_of(answer, now), "scopes": list(SCOPES)}
        if answer.get("refresh_token_expires_in"):
            credentials["refresh_expires_at"] = (now + timedelta(seconds=float(answer["refresh_token_expires_in"]))).isoformat()
        return credentials
