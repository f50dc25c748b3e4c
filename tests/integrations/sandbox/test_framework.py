"""The framework that both stand-ins share: control, faults, webhooks, restarts, storefront."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.faults import Faults
from integrations.sandbox.store import Store
from tests.integrations.sandbox.seller import Seller
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]


@pytest.fixture
def seller(sandbox: SandboxProcess) -> Iterator[Seller]:
    with Seller(sandbox) as made:
        yield made


# -- the store


def test_the_store_keeps_what_was_flushed(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.put("a", "1", {"n": 1})
    store.put("a", "2", {"n": 2})
    store.delete("a", "2")
    assert store.number("id", 100) == 100
    store.flush()
    store.put("a", "3", {"n": 3})
    again = Store(tmp_path / "s.db")
    assert dict(again.all("a")) == {"1": {"n": 1}}
    assert again.number("id", 100) == 101
    store.close()
    again.close()
    with sqlite3.connect(tmp_path / "s.db") as db:
        assert db.execute("SELECT count(*) FROM doc WHERE kind = 'a'").fetchone() == (2,)
    db.close()


def test_faults_strike_by_pattern_count_and_seeded_dice(tmp_path: Path) -> None:
    def run(name: str) -> list[bool]:
        store = Store(tmp_path / name)
        faults = Faults(store)
        faults.add(kind="busy", probability=0.5, seed=7)
        struck = [bool(faults.strike(("busy",), "ebay", "x")) for _ in range(40)]
        store.close()
        return struck

    first = run("one.db")
    assert first == run("two.db")
    assert 5 < sum(first) < 35
    store = Store(tmp_path / "three.db")
    faults = Faults(store)
    faults.add(kind="hang", marketplace="ebay", operation="publish*", count=1)
    assert not faults.strike(("hang",), "shopify", "publishOffer")
    assert not faults.strike(("hang",), "ebay", "getOffer")
    assert not faults.strike(("busy",), "ebay", "publishOffer")
    assert faults.strike(("hang",), "ebay", "publishOffer")
    assert not faults.strike(("hang",), "ebay", "publishOffer")
    with pytest.raises(ValueError, match="unknown kind"):
        faults.add(kind="earthquake")
    store.close()


# -- control


def test_the_state_in_its_documented_shape(seller: Seller) -> None:
    listing = seller.list("LAMP-1", quantity=2, price="45.50")
    order = seller.sandbox.buy("ebay", "LAMP-1")
    offer = seller.sandbox.offer("ebay", listing, "40.00", message="please")
    state = seller.sandbox.state("ebay")
    shown = state["listings"][0]
    assert {name: shown[name] for name in ("id", "sku", "title", "price", "currency", "quantity", "sold", "state", "seller")} == {
        "id": listing,
        "sku": "LAMP-1",
        "title": "Brass desk lamp",
        "price": "45.50",
        "currency": "USD",
        "quantity": 1,
        "sold": 1,
        "state": "ACTIVE",
        "seller": "sandbox_seller",
    }
    assert shown["url"].endswith(f"/store/ebay/item/{listing}")
    line = {"listing_id": listing, "sku": "LAMP-1", "quantity": 1, "price": "45.50"}
    kept = {"id": order["orderId"], "state": "OPEN", "paid": True, "total": "45.50", "currency": "USD", "lines": [line]}
    assert state["orders"] == [kept | {"created_at": order["creationDate"], "refunds": [], "parcels": []}]
    assert state["items"] == [{"sku": "LAMP-1", "quantity": 1, "title": "Brass desk lamp"}]
    assert state["offers"] == [offer]


def test_the_last_one_has_one_buyer(seller: Seller) -> None:
    seller.list("LAMP-1")
    seller.sandbox.buy("ebay", "LAMP-1")
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        seller.sandbox.buy("ebay", "LAMP-1")
    assert seller.sandbox.state("ebay")["listings"][0]["state"] == "ENDED"
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        seller.sandbox.cancel("ebay", "no-such-order")


def test_bad_wishes_are_answered_with_a_sentence(sandbox: SandboxProcess) -> None:
    for name, body in (("buy", {}), ("buy", {"marketplace": "mars", "listing": "1"}), ("faults", {"kind": "rain"}), ("clock", {})):
        answer = httpx.post(f"{sandbox.url}/control/{name}", json=body, trust_env=False)
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_calls_are_counted_by_operation(seller: Seller) -> None:
    seller.list("LAMP-1")
    counted = seller.sandbox.calls()
    assert counted["ebay.publishOffer"] == 1
    assert counted["ebay.createOrReplaceInventoryItem"] == 1
    seller.sandbox.reset()
    assert seller.sandbox.calls() == {}


# -- faults on calls


def test_a_server_error_comes_before_the_work_and_busy_says_how_long(seller: Seller) -> None:
    seller.sandbox.fault("error500", marketplace="ebay", operation="createOrReplace*", count=1)
    assert seller.put_item("LAMP-1").status_code == 500
    assert seller.sandbox.state("ebay")["items"] == []
    seller.sandbox.fault("busy", operation="createOrReplace*", count=1, retry_after=7)
    refused = seller.put_item("LAMP-1")
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["errors"][0]["errorId"]) == (429, "7", 2001)
    assert seller.put_item("LAMP-1").status_code == 201


def test_a_hang_does_the_work_and_answers_nothing(seller: Seller) -> None:
    seller.sandbox.fault("hang", operation="createOrReplace*", count=1)
    with pytest.raises(httpx.ReadTimeout):
        seller.put_item("LAMP-1", timeout=httpx.Timeout(30, read=0.3))
    until = time.monotonic() + 30
    while [one["sku"] for one in seller.sandbox.state("ebay")["items"]] != ["LAMP-1"]:
        assert time.monotonic() < until  # it may have stood still before the work, too


def test_a_drop_does_the_work_and_breaks_the_connection(seller: Seller) -> None:
    seller.sandbox.fault("drop", operation="createOrReplace*", count=1)
    with pytest.raises(httpx.TransportError):
        seller.put_item("LAMP-1")
    assert [one["sku"] for one in seller.sandbox.state("ebay")["items"]] == ["LAMP-1"]


def test_latency_is_added(seller: Seller) -> None:
    seller.sandbox.fault("latency", operation="createOrReplace*", seconds=0.3)
    begun = time.monotonic()
    seller.put_item("LAMP-1")
    assert time.monotonic() - begun >= 0.3
    seller.sandbox.no_faults()
    assert seller.sandbox.faults() == []


# -- faults on webhooks


def _data(delivery: Any) -> Any:
    return delivery.json()["notification"]["data"]["order"]["orderId"]


def test_webhooks_doubled_lost_and_out_of_order(seller: Seller) -> None:
    seller.list("LAMP-1", quantity=5)
    with Receiver() as receiver:
        seller.subscribe(receiver)
        seller.sandbox.fault("webhook_duplicate", count=1)
        doubled = seller.sandbox.buy("ebay", "LAMP-1")["orderId"]
        assert [_data(receiver.next()), _data(receiver.next())] == [doubled, doubled]
        seller.sandbox.fault("webhook_lost", count=1)
        seller.sandbox.buy("ebay", "LAMP-1")
        seller.sandbox.fault("webhook_reorder", count=1, seconds=60)
        late = seller.sandbox.buy("ebay", "LAMP-1")["orderId"]
        early = seller.sandbox.buy("ebay", "LAMP-1")["orderId"]
        assert [_data(receiver.next()), _data(receiver.next())] == [early, late]
        seller.sandbox.fault("webhook_delay", count=1, seconds=0.3)
        begun = time.monotonic()
        seller.sandbox.buy("ebay", "LAMP-1")
        receiver.next()
        assert time.monotonic() - begun >= 0.3
        assert receiver.empty()


# -- restarts


def test_a_killed_process_forgets_nothing_it_answered_for(tmp_path: Path) -> None:
    process = SandboxProcess.start(tmp_path, delivery_waits=[0.05] * 3)
    try:
        with Seller(process) as seller, Receiver(answers=[500]) as receiver:
            seller.subscribe(receiver)
            seller.list("LAMP-1", quantity=2)
            process.fault("webhook_delay", count=1, seconds=600)
            process.shift_clock(60)
            order = process.buy("ebay", "LAMP-1")["orderId"]
            before = process.state("ebay")
            url = process.url
            process.kill()
            process.up()
            assert process.url == url
            assert process.state("ebay") == before
            assert _data(receiver.next()) == order
            assert _data(receiver.next()) == order
            assert seller.put_item("LAMP-2").status_code == 201
    finally:
        process.close()


def test_an_endpoint_that_never_takes_its_webhooks_is_marked_down(tmp_path: Path) -> None:
    process = SandboxProcess.start(tmp_path, delivery_waits=[0.05])
    try:
        with Seller(process) as seller, Receiver(answers=[500, 500]) as receiver:
            seller.subscribe(receiver)
            seller.list("LAMP-1")
            process.buy("ebay", "LAMP-1")
            receiver.next()
            receiver.next()
            until = time.monotonic() + 30
            while seller.destinations()[0]["status"] != "MARKED_DOWN":
                assert time.monotonic() < until
    finally:
        process.close()


# -- storefront


def test_a_visitor_sees_and_buys(seller: Seller) -> None:
    seller.list("LAMP-1", quantity=1)
    with httpx.Client(base_url=seller.sandbox.url, follow_redirects=True, trust_env=False) as visitor:
        assert "1 live" in visitor.get("/").text
        page = visitor.get("/store/ebay")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<script" not in page.text
        listing = re.search(r'name="listing" value="(\d+)"', page.text)
        assert listing
        assert "Brass desk lamp" in visitor.get(f"/store/ebay/item/{listing[1]}").text
        bought = visitor.post("/store/ebay/buy", data={"listing": listing[1]})
        assert "Nothing is for sale" in bought.text
        assert "1 × Brass desk lamp" in bought.text
        late = visitor.post("/store/ebay/buy", data={"listing": listing[1]})
        assert (late.status_code, "Too late" in late.text) == (409, True)
        assert "This listing has ended" in visitor.get(f"/store/ebay/item/{listing[1]}").text
        assert visitor.get("/store/mars").status_code == 404
        order = re.search(r'data-order="([\d-]+)"', bought.text)
        assert order
        assert "45.50 USD · not sent · paid" in bought.text
        arrived = visitor.post("/store/ebay/order/deliver", data={"order": order[1]})
        assert (arrived.status_code, "is on its way" in arrived.text) == (409, True)
        assert visitor.post("/store/ebay/order/return", data={"order": order[1]}).status_code == 200
        assert visitor.post("/store/ebay/order/dispute", data={"order": order[1]}).status_code == 200
        assert visitor.post("/store/ebay/order/steal", data={"order": order[1]}).status_code == 404
        assert visitor.get("/sandbox.css").headers["content-type"].startswith("text/css")
        assert visitor.get("/pictures/..%2Fsandbox.json").status_code == 404
