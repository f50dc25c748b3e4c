"""Alive, well, and numbers for Prometheus; and the page where a consent ends."""

from __future__ import annotations

import httpx

from bot.http.health import prometheus
from tests.home import Home


async def test_alive_is_for_everybody_and_health_for_members(home: Home) -> None:
    assert (await home.browser().get("/healthz")).json() == {"alive": True}
    assert (await home.browser().head("/healthz")).status_code == 200
    owner = await home.sign_in()
    assert (await owner.get("/api/v1/health")).json()["due"]["change"] == 0


async def test_metrics_are_for_this_machine_and_for_members(home: Home) -> None:
    here = await home.browser().get("/metrics")
    assert here.status_code == 200
    assert 'haggle_due{of="card_post"} 0' in here.text
    by_proxy = {"X-Forwarded-For": "203.0.113.9"}
    assert (await home.browser(**by_proxy).get("/metrics")).status_code == 401
    owner = await home.sign_in()
    assert (await owner.get("/metrics", headers=by_proxy)).status_code == 200
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(home.app.http, client=("203.0.113.9", 1)), base_url="http://localhost"
    ) as outside:
        assert (await outside.get("/metrics")).status_code == 401


def test_numbers_become_gauges_and_words_do_not() -> None:
    told = prometheus(
        {"due": {"change": {"approved": 3}}, "outward": True, "accounts": [{"name": 'a"b'}], "old-est": 1.5, "q": {'a"b\n': 1}}
    )
    assert told.splitlines() == [
        "# TYPE haggle_due gauge", 'haggle_due{of="change.approved"} 3', "# TYPE haggle_outward gauge", "haggle_outward 1",
        "# TYPE haggle_old_est gauge", "haggle_old_est 1.5", "# TYPE haggle_q gauge", 'haggle_q{of="a\\"b "} 1',
    ]  # fmt: skip


async def test_a_consent_that_failed_says_so_on_a_page(home: Home) -> None:
    browser = home.browser(Accept="text/html")
    answer = await browser.get("/oauth/ebay/callback", params={"state": "<script>", "code": "1"})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text
    assert 'href="/"' in answer.text
    missing = await browser.get("/nothing")
    assert missing.status_code == 404
    assert "There is nothing here." in missing.text
