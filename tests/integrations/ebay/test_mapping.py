"""Our values as eBay's JSON and back; conditions; errors by id."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import AuthLost, HaggleError, Invalid, Missing, Refused, Unreachable
from core.money import Money
from core.values.states import Condition
from integrations.ebay import mapping
from integrations.ebay.catalogue import aspects_of, categories_of, conditions_of
from integrations.ebay.conditions import Allowed, choose
from integrations.ebay.errors import TABLE, error_of
from integrations.ebay.settings import EbaySettings
from integrations.http import Response
from tests.ebay_shop import photo, wanted

SETTINGS = EbaySettings()
ACCOUNT = {"payment_policy": "1", "return_policy": "2", "fulfillment_policy": "3", "location": "haggle"}


def test_an_item_holds_everything_that_is_known() -> None:
    ids = {"brand": "Canon", "mpn": "AE-1", "upc": "036000291452"}
    body = mapping.item_body(wanted(ids=ids, quantity=2), "USED_GOOD", ["https://a", "https://b"])
    assert body == {
        "availability": {"shipToLocationAvailability": {"quantity": 2}},
        "condition": "USED_GOOD",
        "conditionDescription": "A scratch on the foot.",
        "packageWeightAndSize": {"weight": {"unit": "GRAM", "value": 590}},
        "product": {
            "title": "Brass desk lamp",
            "description": "Works.\n\nComes with <shade> & bulb.",
            "aspects": {"Colour": ["Brass"], "Brand": ["Canon"], "MPN": ["AE-1"]},
            "imageUrls": ["https://a", "https://b"],
            "brand": "Canon",
            "mpn": "AE-1",
            "upc": ["036000291452"],
        },
    }


def test_what_is_not_known_is_not_sent() -> None:
    bare = wanted(ids={}, aspects={"Size": [" "]}, condition_note="", weight_grams=0, description="")
    body = mapping.item_body(bare, "NEW", ["https://a"])
    assert set(body) == {"availability", "condition", "product"}
    assert body["product"]["aspects"] == {}
    assert body["product"]["description"] == "Brass desk lamp"
    assert "conditionDescription" not in mapping.item_body(wanted(), "NEW", [])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"title": "x" * 81}, Invalid),
        ({"title": " "}, Missing),
        ({"condition_note": "x" * 1001}, Invalid),
        ({"sku": "x" * 51}, Invalid),
        ({"ids": {"brand": "x" * 66}}, Invalid),
        ({"aspects": {"Size": ["x" * 51]}}, Invalid),
        ({"aspects": {"x" * 41: ["1"]}}, Invalid),
        ({"photos": ()}, Missing),
        ({"photos": tuple(photo(str(one)) for one in range(25))}, Invalid),
        ({"quantity": 0}, Invalid),
    ],
)
def test_ebays_limits_are_told_before_anything_is_sent(change: dict[str, Any], error: type[HaggleError]) -> None:
    with pytest.raises(error):
        mapping.item_body(wanted(**change), "USED_GOOD", [])


def test_an_offer_is_complete() -> None:
    body = mapping.new_offer_body(wanted(), ACCOUNT, SETTINGS)
    assert (body["sku"], body["marketplaceId"], body["format"]) == ("HG-7", "EBAY_US", "FIXED_PRICE")
    assert body["pricingSummary"] == {"price": {"value": "45.50", "currency": "USD"}}
    assert body["listingPolicies"] == {"paymentPolicyId": "1", "returnPolicyId": "2", "fulfillmentPolicyId": "3"}
    assert not {"sku", "marketplaceId", "format"} & set(mapping.offer_body(wanted(), ACCOUNT, SETTINGS))


@pytest.mark.parametrize(
    ("change", "account", "error"),
    [
        ({"category": ""}, ACCOUNT, Missing),
        ({"price": Money(100, "EUR")}, ACCOUNT, Invalid),
        ({}, {**ACCOUNT, "return_policy": ""}, Missing),
        ({}, {**ACCOUNT, "location": ""}, Missing),
        ({"description": "&" * 120_000}, ACCOUNT, Invalid),
    ],
)
def test_an_offer_that_cannot_be_says_why(change: dict[str, Any], account: dict[str, str], error: type[HaggleError]) -> None:
    with pytest.raises(error):
        mapping.offer_body(wanted(**change), account, SETTINGS)


def test_descriptions_become_harmless_html() -> None:
    assert mapping.description_html("A <b> & c\nd\n\n \n“e”") == "<p>A &lt;b&gt; &amp; c<br>d</p><p>“e”</p>"


def offer(status: str = "PUBLISHED", listing: dict[str, Any] | None = None, quantity: int = 1) -> dict[str, Any]:
    shown = {"listingId": "1", "listingStatus": "ACTIVE", "soldQuantity": 0} if listing is None else listing
    price = {"price": {"value": "45.5", "currency": "USD"}}
    return {"offerId": "8", "sku": "HG-7", "status": status, "listing": shown, "availableQuantity": quantity, "pricingSummary": price}


@pytest.mark.parametrize(
    ("found", "live", "ended"),
    [
        (offer(), True, False),
        (offer(quantity=0), False, False),
        (offer(listing={"listingId": "1", "listingStatus": "OUT_OF_STOCK"}), False, False),
        (offer(listing={"listingId": "1", "listingStatus": "INACTIVE"}), False, False),
        (offer(listing={"listingId": "1", "listingStatus": "ACTIVE", "listingOnHold": True}), False, False),
        (offer(listing={"listingId": "1", "listingStatus": "EBAY_ENDED"}), False, True),
        (offer(status="UNPUBLISHED", listing={}), False, True),
    ],
)
def test_live_and_ended(found: dict[str, Any], live: bool, ended: bool) -> None:
    assert mapping.is_live(found) is live
    assert mapping.is_ended(found) is ended
    assert mapping.live_of(found, {}, SETTINGS).live is live


def test_ids_are_kept_after_the_end() -> None:
    known = {"offer": "8", "listing": "1", "photos": "{}"}
    assert mapping.live_of(offer("UNPUBLISHED", {}), known, SETTINGS).external == {**known, "sku": "HG-7"}
    assert mapping.live_of(None, known, SETTINGS).external == {"listing": "1", "photos": "{}"}
    assert mapping.live_of(offer(), {}, SETTINGS).url == "https://www.ebay.com/itm/1"


def test_photos_survive_as_text() -> None:
    photos = {"b": "https://b", "a": "https://a"}
    assert list(mapping.photos_of({"photos": mapping.photos_text(photos)})) == ["b", "a"]
    assert mapping.photos_of({}) == mapping.photos_of({"photos": "nonsense"}) == mapping.photos_of({"photos": "[1]"}) == {}


def test_what_ebay_has_covers_what_we_want() -> None:
    has = {"price": {"value": "45.5", "currency": "USD"}, "names": ["a"], "more": 1}
    assert mapping.covers(has, {"price": {"value": "45.50", "currency": "USD"}, "names": ["a"]})
    assert not mapping.covers(has, {"names": ["a", "b"]})
    assert not mapping.covers(has, {"price": {"value": "45.51", "currency": "USD"}})
    assert not mapping.covers(has, {"title": "x"})
    assert not mapping.covers(None, {})


# -- conditions


def taken(*pairs: tuple[str, str]) -> list[Allowed]:
    return [Allowed(key, label) for key, label in pairs]


PLAIN = taken(("1000", "New"), ("1500", "New other"), ("3000", "Used"), ("7000", "For parts"))
BOOKS = taken(("1000", "New"), ("2750", "Like new"), ("4000", "Very good"), ("5000", "Good"), ("6000", "Acceptable"))
CLOTHES = taken(("1000", "New with tags"), ("2990", "Pre-owned - Excellent"), ("3000", "Pre-owned - Good"), ("3010", "Pre-owned - Fair"))


@pytest.mark.parametrize(
    ("condition", "allowed", "expected"),
    [
        (Condition.NEW, PLAIN, "NEW"),
        (Condition.NEW, PLAIN[1:], "NEW_OTHER"),
        (Condition.LIKE_NEW, PLAIN, "USED_EXCELLENT"),
        (Condition.LIKE_NEW, BOOKS, "LIKE_NEW"),
        (Condition.LIKE_NEW, CLOTHES, "PRE_OWNED_EXCELLENT"),
        (Condition.GOOD, PLAIN, "USED_EXCELLENT"),
        (Condition.GOOD, BOOKS, "USED_GOOD"),
        (Condition.GOOD, CLOTHES, "USED_EXCELLENT"),
        (Condition.FAIR, CLOTHES, "PRE_OWNED_FAIR"),
        (Condition.FAIR, BOOKS, "USED_ACCEPTABLE"),
        (Condition.POOR, PLAIN, "USED_EXCELLENT"),
        (Condition.FOR_PARTS, PLAIN, "FOR_PARTS_OR_NOT_WORKING"),
        (Condition.GOOD, [], "USED_GOOD"),
    ],
)
def test_the_nearest_true_condition(condition: Condition, allowed: list[Allowed], expected: str) -> None:
    assert choose(condition, allowed) == expected


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        (Condition.POOR, CLOTHES),  # "Pre-owned - Fair" would say too much
        (Condition.POOR, BOOKS),
        (Condition.FOR_PARTS, BOOKS),
        (Condition.NEW, taken(("3000", "Used"))),
        (Condition.GOOD, taken(("3000", "Used - Excellent"))),
        (Condition.FAIR, taken(("3000", "Pre-owned - Good"))),
        (Condition.LIKE_NEW, [Allowed("2750", "Graded", graded=True), Allowed("4000", "Ungraded", graded=True)]),
    ],
)
def test_never_a_better_condition_than_is_true(condition: Condition, allowed: list[Allowed]) -> None:
    with pytest.raises(Refused):
        choose(condition, allowed)


# -- what eBay knows of categories


def test_a_category_has_its_path() -> None:
    above = [{"categoryName": "Lamps", "categoryTreeNodeLevel": 2}, {"categoryName": "Home", "categoryTreeNodeLevel": 1}]
    suggestion = {"category": {"categoryId": "1", "categoryName": "Desk lamps"}, "categoryTreeNodeAncestors": above}
    [one] = categories_of({"categorySuggestions": [suggestion]})
    assert (one.id, one.name, one.path) == ("1", "Desk lamps", "Home > Lamps > Desk lamps")
    assert categories_of({}) == ()


def test_required_aspects_come_first_and_closed_lists_are_whole() -> None:
    many = [{"localizedValue": str(number)} for number in range(300)]
    free = {"localizedAspectName": "Colour", "aspectConstraint": {"aspectMode": "FREE_TEXT"}, "aspectValues": many}
    closed = {
        "localizedAspectName": "Size",
        "aspectConstraint": {"aspectMode": "SELECTION_ONLY", "aspectRequired": True},
        "aspectValues": many,
    }
    first, second = aspects_of({"aspects": [free, closed]})
    assert (first.name, first.required, first.only_listed, len(first.values)) == ("Size", True, True, 300)
    assert (second.name, second.required, len(second.values)) == ("Colour", False, 100)


def test_conditions_that_want_grading_are_marked() -> None:
    descriptors = [{"conditionDescriptorConstraint": {"usage": "REQUIRED"}}]
    conditions = [{"conditionId": "4000", "conditionDescription": "Ungraded", "conditionDescriptors": descriptors}]
    body = {"itemConditionPolicies": [{"categoryId": "9"}, {"categoryId": "1", "itemConditions": conditions}]}
    assert conditions_of(body, "1") == (Allowed("4000", "Ungraded", graded=True),)
    assert conditions_of(body, "7") == ()


# -- errors


def said(status: int, *errors: dict[str, Any]) -> HaggleError:
    return error_of(Response(status, {}, json.dumps({"errors": list(errors)}).encode(), "eBay"))


def an_error(key: int, message: str = "Something.", **parameters: str) -> dict[str, Any]:
    return {"errorId": key, "message": message, "parameters": [{"name": name, "value": value} for name, value in parameters.items()]}


@pytest.mark.parametrize(
    ("error", "kind", "field"),
    [
        (an_error(1001), AuthLost, None),
        (an_error(25026), Refused, None),
        (an_error(25713), Missing, ""),
        (an_error(25029, field="Brand"), Missing, "brand"),
        (an_error(25029, field="condition"), Missing, "condition"),
        (an_error(25016, fieldName="title"), Missing, "title"),
        (an_error(25005), Missing, "category"),
        (an_error(25002, "The item specific Size is missing."), Missing, "aspect:Size"),
        (an_error(25709, fieldName="sku"), Invalid, None),
        (an_error(25001), Unreachable, None),
        (an_error(25038), Refused, None),
        (an_error(99999, "Never heard of."), Refused, None),
    ],
)
def test_errors_by_id(error: dict[str, Any], kind: type[HaggleError], field: str | None) -> None:
    found = said(400, error)
    assert type(found) is kind
    assert found.code == str(error["errorId"])
    if isinstance(found, Missing):
        assert found.field == field


def test_ebays_own_words_reach_the_seller_without_markup() -> None:
    assert str(said(400, an_error(99999, "<b>No</b>  way"))) == "eBay says: No way."
    assert "midnight" in str(said(400, an_error(25019, "The listing was revised 250 times today.")))
    assert "midnight" not in str(said(400, an_error(25019, "Auctions cannot be changed.")))


def test_the_error_that_matters_is_told_of_several() -> None:
    assert said(400, an_error(99999), an_error(25026)).code == "25026"


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 407, 409])
@pytest.mark.parametrize("body", ["<html>", "", "[]", '{"errors": []}', '{"errors": [{"message": "no"}]}', '{"errors": "no"}'])
def test_what_has_no_error_id_is_not_ebays_word(status: int, body: str) -> None:
    assert type(error_of(Response(status, {}, body.encode(), "eBay"))) is Unreachable


def test_a_401_in_other_words_than_ebays_is_no_lost_connection() -> None:
    assert type(said(401, an_error(99999))) is Unreachable


def test_every_row_makes_a_sentence() -> None:
    for key in TABLE:
        found = said(400, an_error(key, "Their words."))
        assert str(found).endswith("."), key
        assert "{" not in str(found)
