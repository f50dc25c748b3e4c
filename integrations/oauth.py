"""Access tokens: kept in memory, renewed five minutes before they expire, one renewal at a time per account.

Credentials of an account are JSON with the keys `access_token`, `refresh_token` (where the service gives one) and
`expires_at` (ISO 8601 UTC, absent when the token never expires); integrations may keep more beside them. This module
reads and writes only those three.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import AuthLost, Refused, Unreachable
from core.values.channel import Connection
from core.words import Told
from integrations.http import Http, Response

EARLY = timedelta(minutes=5)
NEVER = datetime.max.replace(tzinfo=UTC)

Now = Callable[[], datetime]
# Turns a refresh token into the token endpoint's answer (`access_token`, `expires_in`, perhaps a new `refresh_token`).
Refresh = Callable[[str], Awaitable[Mapping[str, Any]]]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Token:
    access: str
    expires: datetime
    refresh: str = ""  # the newest refresh token of the connection
    origin: str = ""  # the one that it was got with: a connection opened before the renewal still shows it

    def fresh(self, now: datetime) -> bool:
        return self.expires - EARLY > now

    def of(self, account: Connection) -> bool:
        """False when the connection has been replaced since: then its token is another's."""
        return str(account.credentials.get("refresh_token", "")) in {self.refresh, self.origin}


class Tokens:
    """Access tokens of all accounts of one service."""

    def __init__(self, service: str, refresh: Refresh, now: Now = utc_now) -> None:
        self._service = service
        self._refresh = refresh
        self._now = now
        self._cache: dict[str, _Token] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def access(self, account: Connection, *, rejected: str = "") -> str:
        """A token that is good for five minutes at least. `rejected` is one that the service has just refused: it is not
        given again. Raises `AuthLost` when the refresh token is not valid any more."""
        found = self._known(account, rejected)
        if found:
            return found
        async with self._locks.setdefault(account.account_id, asyncio.Lock()):
            found = self._known(account, rejected)  # another call may have renewed it while this one waited
            return found or await self._renew(account)

    def forget(self, account_id: str) -> None:
        """Drop what is remembered of an account, when it is disconnected."""
        self._cache.pop(account_id, None)
        self._locks.pop(account_id, None)

    def _known(self, account: Connection, rejected: str) -> str:
        for token in (self._cache.get(account.account_id), _stored(account.credentials)):
            if token and token.access != rejected and token.fresh(self._now()) and token.of(account):
                return token.access
        return ""

    async def _renew(self, account: Connection) -> str:
        cached = self._cache.get(account.account_id)
        given = str(account.credentials.get("refresh_token", ""))
        refresh = cached.refresh if cached and cached.of(account) else given
        if not refresh:
            raise AuthLost(
                Told("The connection to {service} has ended. Connect it again.", service=self._service), cause="no refresh token"
            )
        answer = await self._refresh(refresh)
        credentials = {**account.credentials, "refresh_token": refresh, **credentials_of(answer, self._now())}
        token = _stored(credentials)
        if token is None:
            raise Unreachable(
                Told("{service} gave an answer that makes no sense. I will try again.", service=self._service),
                cause="no access token in answer",
            )
        await account.save(credentials)
        self._cache[account.account_id] = replace(token, origin=given)
        return token.access


class AppToken:
    """The token of the app itself (client credentials), for calls that belong to no seller."""

    def __init__(self, fetch: Callable[[], Awaitable[Mapping[str, Any]]], now: Now = utc_now) -> None:
        self._fetch = fetch
        self._now = now
        self._token: _Token | None = None
        self._lock = asyncio.Lock()

    async def access(self, *, rejected: str = "") -> str:
        """A token that is good for five minutes at least; `rejected` is one that the service has just refused."""
        async with self._lock:
            if self._token is None or self._token.access == rejected or not self._token.fresh(self._now()):
                self._token = _stored(credentials_of(await self._fetch(), self._now()))
            return self._token.access if self._token else ""


def credentials_of(answer: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a token endpoint answered (RFC 6749, 5.1), as the credentials to keep."""
    kept: dict[str, Any] = {"access_token": str(answer.get("access_token", ""))}
    if answer.get("refresh_token"):
        kept["refresh_token"] = str(answer["refresh_token"])
    if answer.get("expires_in"):
        kept["expires_at"] = (now + timedelta(seconds=float(answer["expires_in"]))).isoformat()
    return kept


async def token_call(http: Http, url: str, form: Mapping[str, str], *, service: str, client_id: str, client_secret: str) -> dict[str, Any]:
    """Ask a token endpoint, the app naming itself by HTTP Basic (RFC 6749, 2.3.1). Raises `AuthLost` for a grant that is not valid,
    `Refused` when the app's own keys are wrong."""
    keys = b64encode(f"{client_id}:{client_secret}".encode()).decode()
    answer = await http.call("POST", url, service=service, headers={"Authorization": f"Basic {keys}"}, form=form)
    if answer.ok:
        found = answer.object()
        if not found.get("access_token"):
            raise Unreachable(
                Told("{service} gave an answer that makes no sense. I will try again.", service=service), cause="no access token in answer"
            )
        return found
    raise token_error(answer)


def token_error(answer: Response) -> AuthLost | Refused | Unreachable:
    """The error of a token endpoint (RFC 6749, 5.2) as one of ours. What is not such an error does not come from there, so nothing is
    believed of it. The description is kept nowhere: some services repeat the grant in it."""
    try:
        code = str(answer.object().get("error") or "")
    except Unreachable:
        code = ""
    cause = f"HTTP {answer.status} {code}"
    if not code:
        return Unreachable(
            Told("{service} gave an answer that makes no sense. I will try again.", service=answer.service),
            code=str(answer.status),
            cause=cause,
        )
    if code in {"invalid_grant", "invalid_token", "access_denied"}:
        return AuthLost(
            Told("{service} no longer accepts this connection. Connect it again.", service=answer.service), code=code, cause=cause
        )
    if code == "invalid_scope":
        return AuthLost(
            Told("{service} wants the permissions confirmed again. Connect it again.", service=answer.service), code=code, cause=cause
        )
    if code in {"invalid_client", "unauthorized_client"} or answer.status in {401, 403}:
        return Refused(
            Told("{service} does not know this app. Check the app's id and secret in the settings.", service=answer.service),
            code=code,
            cause=cause,
        )
    return Refused(Told("{service} refused to connect. Try connecting again.", service=answer.service), code=code, cause=cause)


def _stored(credentials: Mapping[str, Any]) -> _Token | None:
    access = str(credentials.get("access_token", ""))
    if not access:
        return None
    until = credentials.get("expires_at")
    expires = datetime.fromisoformat(str(until)) if until else NEVER
    return _Token(access, expires, str(credentials.get("refresh_token", "")))
