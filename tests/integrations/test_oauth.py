"""Tokens: kept, renewed early and once, never another connection's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import AuthLost, Refused, Unreachable
from core.values.channel import Connection
from integrations.http import Response
from integrations.oauth import AppToken, Tokens, credentials_of, token_error
from tests.clock import TestClock


@dataclass
class Service:
    """A token endpoint that rotates refresh tokens when told to."""

    rotates: bool = False
    asked: list[str] = field(default_factory=list)
    saved: list[Mapping[str, Any]] = field(default_factory=list)

    async def refresh(self, refresh_token: str) -> Mapping[str, Any]:
        self.asked.append(refresh_token)
        await asyncio.sleep(0)
        number = len(self.asked)
        more = {"refresh_token": f"r{number}"} if self.rotates else {}
        return {"access_token": f"a{number}", "expires_in": 3600, **more}

    async def save(self, credentials: Mapping[str, Any]) -> None:
        self.saved.append(credentials)

    def account(self, **credentials: Any) -> Connection:
        async def pace(_: int) -> None:
            return None

        return Connection("one", {"refresh_token": "r0", "shop": "kept", **credentials}, {}, self.save, pace)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


async def test_a_stored_token_is_used_until_five_minutes_before_its_end(clock: TestClock) -> None:
    service = Service()
    tokens = Tokens("X", service.refresh, clock.now)
    account = service.account(access_token="a0", expires_at=(clock.now() + timedelta(hours=1)).isoformat())
    assert await tokens.access(account) == "a0"
    clock.move(minutes=54)
    assert await tokens.access(account) == "a0"
    clock.move(minutes=2)
    assert await tokens.access(account) == "a1"
    assert service.saved == [{"refresh_token": "r0", "shop": "kept", "access_token": "a1", "expires_at": service.saved[0]["expires_at"]}]


async def test_many_calls_renew_once(clock: TestClock) -> None:
    service = Service()
    tokens = Tokens("X", service.refresh, clock.now)
    assert set(await asyncio.gather(*(tokens.access(service.account()) for _ in range(20)))) == {"a1"}
    assert service.asked == ["r0"]


async def test_a_rotated_refresh_token_is_followed_also_by_a_connection_opened_before(clock: TestClock) -> None:
    service = Service(rotates=True)
    tokens = Tokens("X", service.refresh, clock.now)
    old = service.account()
    assert await tokens.access(old) == "a1"
    assert await tokens.access(old) == "a1"
    fresh = replace(old, credentials=service.saved[-1])
    assert await tokens.access(fresh, rejected="a1") == "a2"
    assert service.asked == ["r0", "r1"]


async def test_a_connection_made_anew_does_not_get_the_old_ones_token(clock: TestClock) -> None:
    service = Service()
    tokens = Tokens("X", service.refresh, clock.now)
    await tokens.access(service.account())
    assert await tokens.access(service.account(refresh_token="other")) == "a2"
    assert service.asked == ["r0", "other"]


async def test_a_refused_token_is_not_given_again(clock: TestClock) -> None:
    service = Service()
    tokens = Tokens("X", service.refresh, clock.now)
    assert await tokens.access(service.account(access_token="a0"), rejected="a0") == "a1"


async def test_without_a_refresh_token_the_connection_is_lost(clock: TestClock) -> None:
    service = Service()
    tokens = Tokens("X", service.refresh, clock.now)
    account = service.account(refresh_token="", access_token="forever")
    assert await tokens.access(account) == "forever"
    with pytest.raises(AuthLost):
        await tokens.access(account, rejected="forever")


async def test_an_answer_without_a_token_is_not_saved(clock: TestClock) -> None:
    service = Service()

    async def nothing(_: str) -> Mapping[str, Any]:
        return {"expires_in": 3600}

    with pytest.raises(Unreachable):
        await Tokens("X", nothing, clock.now).access(service.account())
    assert service.saved == []


async def test_the_apps_token_is_fetched_once_until_it_ends(clock: TestClock) -> None:
    fetched = 0

    async def fetch() -> Mapping[str, Any]:
        nonlocal fetched
        fetched += 1
        return {"access_token": f"app{fetched}", "expires_in": 7200}

    app = AppToken(fetch, clock.now)
    assert set(await asyncio.gather(*(app.access() for _ in range(5)))) == {"app1"}
    clock.move(hours=2)
    assert await app.access() == "app2"


def test_credentials_and_errors_of_a_token_endpoint(clock: TestClock) -> None:
    now = clock.now()
    kept = credentials_of({"access_token": "a", "expires_in": "60", "token_type": "Bearer"}, now)
    assert kept == {"access_token": "a", "expires_at": (now + timedelta(minutes=1)).isoformat()}
    for body, kind in (
        (b'{"error": "invalid_grant"}', AuthLost),
        (b'{"error": "invalid_scope"}', AuthLost),
        (b'{"error": "invalid_client"}', Refused),
        (b"<html>", Unreachable),
        (b"[]", Unreachable),
        (b"", Unreachable),
    ):
        for status in (400, 401, 403):
            assert type(token_error(Response(status, {}, body, "X"))) is kind
