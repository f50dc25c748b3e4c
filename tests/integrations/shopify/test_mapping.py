"""The pure part: values to wire and back, and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.money import Money
from core.values.states import Condition, OrderState
from integrations.http import Response
from integrations.shopify import errors, mapping, orders
from tests.shopify_shop import wanted


@given(st.text(min_size=1, max_size=80))
def test_a_handle_is_always_the_same_and_fits_shopify(sku: str) -> None:
    made = mapping.handle(sku)
    assert made == mapping.handle(sku)
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(made) <= 70


def test_skus_that_look_alike_have_handles_of_their_own() -> None:
    assert len({mapping.handle(sku) for sku in ("A 1", "a-1", "A_1", "a.1")}) == 4


def test_a_description_is_safe_html_with_condition_and_facts() -> None:
    html = mapping.description(wanted(aspects={"Colour": ["Red & blue", "<b>"]}))
    assert html.startswith("<p>Works.</p><p>Comes with &lt;strap&gt; &amp; cap.</p><p>Condition: Good. Light seals replaced.</p>")
    assert "<li>Colour: Red &amp; blue, &lt;b&gt;</li>" in html
    assert "MPN" not in html


def test_nothing_is_published_with_an_unknown_condition() -> None:
    with pytest.raises(Invalid):
        mapping.description(wanted(condition=Condition.UNKNOWN))


def test_a_sku_with_quotes_stays_one_search_term() -> None:
    assert mapping.sku_search('a"b\\c') == 'sku:"a\\"b\\\\c"'


def top(code: str, cost: dict[str, Any] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {"errors": [{"message": "no", "extensions": {"code": code}}]}
    return answer | ({"extensions": {"cost": cost}} if cost else {})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ACCESS_DENIED", AuthLost),
        ("SHOP_INACTIVE", Refused),
        ("INTERNAL_SERVER_ERROR", Unreachable),
        ("undefinedField", Invalid),
        ("THROTTLED", Busy),
    ],
)
def test_top_level_errors(code: str, kind: type[HaggleError]) -> None:
    with pytest.raises(kind):
        errors.check_errors(top(code))


@pytest.mark.parametrize("data", [None, {"orders": None}])
def test_an_app_that_shopify_did_not_approve_is_no_lost_connection(data: Any) -> None:
    message = "This app is not approved to access the Order object. See https://shopify.dev/docs/apps/launch/protected-customer-data"
    denied = {"message": message, "path": ["orders"], "extensions": {"code": "ACCESS_DENIED"}}
    with pytest.raises(Refused, match="Protected customer data access"):
        errors.check_errors({"data": data, "errors": [denied]}, orders.PERSONAL)


def test_the_wait_is_what_the_bucket_lacks() -> None:
    status = {"maximumAvailable": 2000, "currentlyAvailable": 40, "restoreRate": 100}
    with pytest.raises(Busy) as caught:
        errors.check_errors(top("THROTTLED", {"requestedQueryCost": 290, "throttleStatus": status}))
    assert caught.value.retry_after == pytest.approx(2.5)


def test_a_denied_personal_field_does_not_lose_the_order() -> None:
    denied = {"message": "no", "path": ["order", "email"], "extensions": {"code": "ACCESS_DENIED"}}
    errors.check_errors({"data": {"order": {}}, "errors": [denied]}, orders.PERSONAL)
    with pytest.raises(AuthLost):
        errors.check_errors({"data": {"order": {}}, "errors": [denied]})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("PRODUCT_DOES_NOT_EXIST", Missing),
        ("CHANGE_FROM_QUANTITY_STALE", Busy),
        ("IDEMPOTENCY_CONCURRENT_REQUEST", Busy),
        ("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", Unreachable),
        ("HANDLE_NOT_UNIQUE", Unreachable),
        ("INVALID_LOCATION", Refused),
        ("INVALID_INPUT", Refused),
        (None, Refused),
    ],
)
def test_user_errors(code: str | None, kind: type[HaggleError]) -> None:
    with pytest.raises(kind):
        errors.check_user_errors({"userErrors": [{"code": code, "field": ["input"], "message": "no"}]})


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 423])
def test_statuses(status: int) -> None:
    with pytest.raises(AuthLost if status in {401, 403} else Refused):
        errors.check_status(Response(status, {}, b'{"errors": "no"}'))


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"errors": ""}'])
def test_a_status_without_errors_is_not_shopifys_word(status: int, body: bytes) -> None:
    with pytest.raises(Unreachable):
        errors.check_status(Response(status, {}, body))


def test_an_answer_with_neither_data_nor_errors_says_nothing() -> None:
    with pytest.raises(Unreachable):
        errors.check_errors({})


@pytest.mark.parametrize(
    ("money", "parcel", "cancelled", "state"),
    [
        ("PENDING", "UNFULFILLED", None, OrderState.PENDING),
        ("PAID", "UNFULFILLED", None, OrderState.CONFIRMED),
        ("PAID", "IN_PROGRESS", None, OrderState.PROCESSING),
        ("PAID", "FULFILLED", None, OrderState.SHIPPED),
        ("REFUNDED", "FULFILLED", None, OrderState.REFUNDED),
        ("REFUNDED", "UNFULFILLED", "2026-11-01T00:00:00Z", OrderState.CANCELLED),
        ("EXPIRED", "UNFULFILLED", None, OrderState.CANCELLED),
    ],
)
def test_order_states(money: str, parcel: str, cancelled: str | None, state: OrderState) -> None:
    shown = {"displayFinancialStatus": money, "displayFulfillmentStatus": parcel, "cancelledAt": cancelled}
    assert orders.state({**shown, "returnStatus": "NO_RETURN", "fulfillments": []}) is state


def test_fees_add_up_with_their_tax_and_are_unknown_when_not_shown() -> None:
    fee = {"amount": {"amount": "1.10", "currencyCode": "USD"}, "taxAmount": {"amount": "0.2", "currencyCode": "USD"}}
    shown = [{"status": "SUCCESS", "fees": [fee, fee]}, {"status": "FAILURE", "fees": [fee]}]
    assert orders.fees(shown, "USD") == Money(260, "USD")
    assert orders.fees([{"status": "SUCCESS", "fees": []}], "USD") is None


def test_fees_in_another_currency_are_unknown() -> None:
    fee = {"amount": {"amount": "1.10", "currencyCode": "USD"}, "taxAmount": {"amount": "0.2", "currencyCode": "USD"}}
    other = {"amount": {"amount": "1.10", "currencyCode": "EUR"}, "taxAmount": {"amount": "0.2", "currencyCode": "EUR"}}
    assert orders.fees([{"status": "SUCCESS", "fees": [fee]}], "EUR") is None
    assert orders.fees([{"status": "SUCCESS", "fees": [fee, other]}], "USD") is None
