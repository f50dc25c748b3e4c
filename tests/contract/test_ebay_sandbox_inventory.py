"""Items, locations, offers, account, taxonomy and media of the eBay stand-in against eBay's documents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.contract.ebay_referee import (
    INVENTORY,
    LANGUAGE,
    Referee,
    call,
    error_of,
    goods,
    listed,
    location,
    offer_body,
    sandbox,
    sandbox_server,
)

__all__ = ["call", "sandbox", "sandbox_server"]


pytestmark = pytest.mark.specs

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 64

# -- items, locations, offers


def test_items_are_replaced_completely_and_deleted(call: Referee) -> None:
    path = f"{INVENTORY}/inventory_item/LAMP-1"
    assert call("PUT", path, goods(call.sandbox), headers=LANGUAGE).status_code == 201
    shown = call("GET", path).json()
    assert (shown["sku"], shown["locale"], shown["product"]["title"]) == ("LAMP-1", "en_US", "Brass desk lamp")
    assert call("PUT", path, {"condition": "NEW"}, headers=LANGUAGE).status_code == 204
    assert "product" not in call("GET", path).json()
    assert call("GET", f"{INVENTORY}/inventory_item", query={"limit": "10"}).json()["total"] == 1
    assert call("DELETE", path).status_code == 204
    assert error_of(call("GET", path)) == (404, 25710)


def test_a_condition_note_on_a_new_item_is_dropped_with_a_warning(call: Referee) -> None:
    body = {"condition": "NEW", "conditionDescription": "never opened"}
    answer = call("PUT", f"{INVENTORY}/inventory_item/N1", body, headers=LANGUAGE)
    assert answer.status_code == 200
    assert answer.json()["warnings"][0]["errorId"] == 25030
    assert "conditionDescription" not in call("GET", f"{INVENTORY}/inventory_item/N1").json()


@pytest.mark.parametrize(
    ("sku", "change", "headers", "expected"),
    [
        ("S" * 51, {}, LANGUAGE, 25707),
        ("A1", {"product": {"title": "x" * 81}}, LANGUAGE, 25709),
        ("A1", {"product": {"imageUrls": ["http://pictures.example/1.jpg"]}}, LANGUAGE, 25015),
        ("A1", {"condition": "SHINY"}, LANGUAGE, 25709),
        ("A1", {"availability": {"shipToLocationAvailability": {"quantity": -1}}}, LANGUAGE, 25004),
        ("A1", {"product": {"aspects": {"Colour": ["x" * 51]}}}, LANGUAGE, 25022),
        ("A1", {}, {}, 25709),
    ],
)
def test_items_that_ebay_refuses(call: Referee, sku: str, change: dict[str, Any], headers: dict[str, str], expected: int) -> None:
    answer = call("PUT", f"{INVENTORY}/inventory_item/{sku}", change, headers=headers, wrong=True)
    assert error_of(answer) == (400, expected)


def test_a_location_is_made_once(call: Referee) -> None:
    location(call)
    shown = call("GET", f"{INVENTORY}/location/home").json()
    assert (shown["merchantLocationKey"], shown["merchantLocationStatus"]) == ("home", "ENABLED")
    assert call("GET", f"{INVENTORY}/location", query={"limit": "5", "offset": "0"}).json()["total"] == 1
    body = {"location": {"address": {"country": "US", "postalCode": "97201"}}}
    assert error_of(call("POST", f"{INVENTORY}/location/home", body, wrong=True)) == (409, 25803)
    assert error_of(call("POST", f"{INVENTORY}/location/shed", {}, wrong=True)) == (400, 25801)
    assert error_of(call("GET", f"{INVENTORY}/location/shed")) == (404, 25805)
    assert call("DELETE", f"{INVENTORY}/location/home").status_code == 204


def test_from_item_to_listing_to_withdrawn(call: Referee) -> None:
    offer, listing = listed(call)
    shown = call("GET", f"{INVENTORY}/offer/{offer}").json()
    assert shown["status"] == "PUBLISHED"
    assert shown["listing"] == {"listingId": listing, "listingStatus": "ACTIVE", "soldQuantity": 0}
    found = call("GET", f"{INVENTORY}/offer", query={"sku": "LAMP-1"}).json()
    assert [one["offerId"] for one in found["offers"]] == [offer]
    assert call("POST", f"{INVENTORY}/offer/{offer}/publish").json()["listingId"] == listing
    assert call("POST", f"{INVENTORY}/offer/{offer}/withdraw").json()["listingId"] == listing
    ended = call("GET", f"{INVENTORY}/offer/{offer}").json()
    assert (ended["status"], "listing" in ended) == ("UNPUBLISHED", False)
    assert error_of(call("POST", f"{INVENTORY}/offer/{offer}/withdraw")) == (400, 25002)
    again = call("POST", f"{INVENTORY}/offer/{offer}/publish").json()["listingId"]
    assert again != listing
    assert call("DELETE", f"{INVENTORY}/offer/{offer}").status_code == 204
    assert error_of(call("GET", f"{INVENTORY}/offer/{offer}")) == (404, 25713)
    assert {one["state"] for one in call.sandbox.state("ebay")["listings"]} == {"ENDED"}


def test_one_offer_for_a_sku_and_the_second_try_learns_its_id(call: Referee) -> None:
    offer, _ = listed(call)
    answer = call("POST", f"{INVENTORY}/offer", offer_body(call, "LAMP-1"), headers=LANGUAGE)
    assert error_of(answer) == (400, 25002)
    assert answer.json()["errors"][0]["parameters"] == [{"name": "offerId", "value": offer}]


def test_an_offer_needs_its_item_and_its_policies(call: Referee) -> None:
    body = offer_body(call, "NONE-1")
    assert error_of(call("POST", f"{INVENTORY}/offer", body, headers=LANGUAGE)) == (400, 25702)
    assert error_of(call("GET", f"{INVENTORY}/offer", query={"sku": "NONE-1"})) == (404, 25713)
    call("PUT", f"{INVENTORY}/inventory_item/NONE-1", goods(call.sandbox), headers=LANGUAGE)
    offer = call("POST", f"{INVENTORY}/offer", body, headers=LANGUAGE).json()["offerId"]
    body["listingPolicies"]["returnPolicyId"] = "1"
    assert error_of(call("PUT", f"{INVENTORY}/offer/{offer}", body, headers=LANGUAGE, wrong=True)) == (400, 25035)


def _drop(*path: str) -> Any:
    def change(item: dict[str, Any], offer: dict[str, Any]) -> None:
        node: Any = {"item": item, "offer": offer}
        for one in path[:-1]:
            node = node[one]
        del node[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_drop("item", "product", "title"), 25016),
        (_drop("item", "product", "imageUrls"), 25014),
        (_drop("item", "condition"), 25029),
        (lambda item, offer: item.update(condition="USED_ACCEPTABLE"), 25021),
        (lambda item, offer: item["product"].update(aspects={"Colour": ["Red"]}), 25029),
        (_drop("item", "availability"), 25004),
        (_drop("offer", "categoryId"), 25005),
        (lambda item, offer: offer.update(categoryId="1"), 25005),
        (_drop("offer", "merchantLocationKey"), 25012),
        (_drop("offer", "pricingSummary"), 25003),
        (_drop("offer", "listingPolicies", "fulfillmentPolicyId"), 25007),
        (_drop("offer", "listingPolicies", "paymentPolicyId"), 25008),
        (_drop("offer", "listingPolicies", "returnPolicyId"), 25009),
    ],
)
def test_what_publishing_lacks_is_named(call: Referee, change: Any, expected: int) -> None:
    location(call)
    item, offer = goods(call.sandbox), offer_body(call, "LAMP-1")
    change(item, offer)
    call("PUT", f"{INVENTORY}/inventory_item/LAMP-1", item, headers=LANGUAGE)
    key = call("POST", f"{INVENTORY}/offer", offer, headers=LANGUAGE).json()["offerId"]
    assert error_of(call("POST", f"{INVENTORY}/offer/{key}/publish")) == (400, expected)
    assert call.sandbox.state("ebay")["listings"] == []


def test_a_published_offer_is_replaced_completely(call: Referee) -> None:
    offer, _ = listed(call)
    body = offer_body(call, "LAMP-1", "30.00")
    del body["sku"], body["marketplaceId"], body["format"]
    assert call("PUT", f"{INVENTORY}/offer/{offer}", body, headers=LANGUAGE).status_code == 200
    assert call.sandbox.state("ebay")["listings"][0]["price"] == "30.00"
    del body["listingDescription"]
    assert error_of(call("PUT", f"{INVENTORY}/offer/{offer}", body, headers=LANGUAGE)) == (400, 25016)
    assert error_of(call("PUT", f"{INVENTORY}/offer/1", body, headers=LANGUAGE)) == (404, 25713)


def test_price_and_quantity_in_bulk(call: Referee) -> None:
    offer, _ = listed(call, quantity=3)
    change = {"offerId": offer, "availableQuantity": 2, "price": {"value": "40.00", "currency": "USD"}}
    path = f"{INVENTORY}/bulk_update_price_quantity"
    done = call("POST", path, {"requests": [{"sku": "LAMP-1", "shipToLocationAvailability": {"quantity": 2}, "offers": [change]}]})
    assert (done.status_code, done.json()["responses"]) == (200, [{"sku": "LAMP-1", "offerId": offer, "statusCode": 200}])
    live = call.sandbox.state("ebay")["listings"][0]
    assert (live["price"], live["quantity"]) == ("40.00", 2)
    missing = call("POST", path, {"requests": [{"sku": "LAMP-1", "offers": [{"offerId": "1", "availableQuantity": 1}]}]})
    assert (missing.status_code, missing.json()["responses"][0]["statusCode"]) == (207, 404)
    two = [{"sku": one, "shipToLocationAvailability": {"quantity": 1}} for one in ("LAMP-1", "LAMP-2")]
    assert error_of(call("POST", path, {"requests": two})) == (400, 25709)
    many = {"requests": [{"sku": "LAMP-1", "offers": [change] * 26}]}
    assert error_of(call("POST", path, many)) == (400, 25709)


def test_quantity_nought_hides_the_listing_and_more_brings_it_back(call: Referee) -> None:
    offer, _ = listed(call)
    path = f"{INVENTORY}/inventory_item/LAMP-1"
    call("PUT", path, goods(call.sandbox, 0), headers=LANGUAGE)
    assert call("GET", f"{INVENTORY}/offer/{offer}").json()["listing"]["listingStatus"] == "OUT_OF_STOCK"
    assert call.sandbox.state("ebay")["listings"][0]["state"] == "ENDED"
    call("PUT", path, goods(call.sandbox, 1), headers=LANGUAGE)
    assert call("GET", f"{INVENTORY}/offer/{offer}").json()["listing"]["listingStatus"] == "ACTIVE"


def test_publishing_in_bulk_answers_each(call: Referee) -> None:
    location(call)
    call("PUT", f"{INVENTORY}/inventory_item/B1", goods(call.sandbox), headers=LANGUAGE)
    offer = call("POST", f"{INVENTORY}/offer", offer_body(call, "B1"), headers=LANGUAGE).json()["offerId"]
    fees = call("POST", f"{INVENTORY}/offer/get_listing_fees", {"offers": [{"offerId": offer}]}).json()
    assert fees["feeSummaries"][0]["marketplaceId"] == "EBAY_US"
    answer = call("POST", f"{INVENTORY}/bulk_publish_offer", {"requests": [{"offerId": offer}, {"offerId": "1"}]})
    assert (answer.status_code, [one["statusCode"] for one in answer.json()["responses"]]) == (207, [200, 404])
    twice = {"requests": [{"offerId": "1"}, {"offerId": "1"}]}
    assert error_of(call("POST", f"{INVENTORY}/bulk_publish_offer", twice)) == (400, 25731)


def test_a_listing_takes_250_revisions_a_day(call: Referee) -> None:
    offer, _ = listed(call)
    body = {"requests": [{"sku": "LAMP-1", "offers": [{"offerId": offer, "price": {"value": "44.00", "currency": "USD"}}]}]}
    path = f"{INVENTORY}/bulk_update_price_quantity"
    assert {call("POST", path, body).status_code for _ in range(250)} == {200}
    refused = call("POST", path, body)
    assert (refused.status_code, refused.json()["responses"][0]["errors"][0]["errorId"]) == (207, 25019)
    assert error_of(call("PUT", f"{INVENTORY}/inventory_item/LAMP-1", goods(call.sandbox), headers=LANGUAGE)) == (400, 25019)
    call.sandbox.shift_clock(timedelta(days=1).total_seconds())
    call.token = call.sandbox.ebay_tokens()["access_token"]
    assert call("POST", path, body).status_code == 200


# -- account, identity, taxonomy, metadata, media


def test_policies_are_listed_made_and_named_once(call: Referee) -> None:
    account = "/ebay/sell/account/v1"
    shipping = {"name": "Slow", "marketplaceId": "EBAY_US", "categoryTypes": [{"name": "ALL_EXCLUDING_MOTORS_VEHICLES"}]}
    made = call("POST", f"{account}/fulfillment_policy/", {**shipping, "handlingTime": {"value": 3, "unit": "DAY"}})
    assert made.status_code == 201
    assert call("GET", f"{account}/fulfillment_policy/{made.json()['fulfillmentPolicyId']}").json()["name"] == "Slow"
    assert call("POST", f"{account}/payment_policy", {**shipping, "immediatePay": True}).status_code == 201
    assert call("POST", f"{account}/return_policy", {**shipping, "returnsAccepted": False}).status_code == 201
    assert error_of(call("POST", f"{account}/return_policy", shipping)) == (400, 20400)
    assert error_of(call("GET", f"{account}/return_policy/1")) == (404, 20404)
    assert error_of(call("GET", f"{account}/payment_policy", query={"marketplace_id": "EBAY_MARS"})) == (400, 20403)
    assert call("GET", f"{account}/privilege").json()["sellerRegistrationCompleted"] is True
    programs = call("GET", f"{account}/program/get_opted_in_programs").json()["programs"]
    assert {"programType": "SELLING_POLICY_MANAGEMENT"} in programs
    assert call("POST", f"{account}/program/opt_in", {"programType": "OUT_OF_STOCK_CONTROL"}).status_code == 200
    assert error_of(call("POST", f"{account}/program/opt_in", {"programType": "OUT_OF_STOCK_CONTROL"})) == (409, 25803)
    assert call("POST", f"{account}/program/opt_out", {"programType": "OUT_OF_STOCK_CONTROL"}).status_code == 200


def test_who_the_seller_is(call: Referee) -> None:
    assert call("GET", "/ebay-apiz/commerce/identity/v1/user/").json()["username"] == "sandbox_seller"


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("Nike Air Max 90 running shoes size 10", "15709"),
        ("LEGO Technic 42115 complete set", "19006"),
        ("Brass table lamp with glass shade", "112581"),
        ("Canon EF 50mm lens", "3323"),
        ("Pokemon Charizard holo card", "183454"),
        ("Pyrex mixing bowl set", "36027"),
        ("Zelda cartridge Nintendo 64 video game", "139973"),
        ("qwertyuiop", "88433"),
    ],
)
def test_categories_are_suggested_by_words(call: Referee, title: str, category: str) -> None:
    tree = call("GET", "/ebay/commerce/taxonomy/v1/get_default_category_tree_id", query={"marketplace_id": "EBAY_US"}).json()[
        "categoryTreeId"
    ]
    path = f"/ebay/commerce/taxonomy/v1/category_tree/{tree}/get_category_suggestions"
    found = call("GET", path, query={"q": title}).json()["categorySuggestions"]
    assert found[0]["category"]["categoryId"] == category


def test_item_specifics_and_conditions_of_every_suggestion(call: Referee) -> None:
    tree = "/ebay/commerce/taxonomy/v1/category_tree/0"
    aspects = call("GET", f"{tree}/get_item_aspects_for_category", query={"category_id": "15709"}).json()["aspects"]
    required = {one["localizedAspectName"] for one in aspects if one["aspectConstraint"]["aspectRequired"]}
    assert {"Brand", "US Shoe Size", "Department", "Color"} == required
    assert error_of(call("GET", f"{tree}/get_item_aspects_for_category", query={"category_id": "5"})) == (404, 62005)
    assert error_of(call("GET", "/ebay/commerce/taxonomy/v1/category_tree/9/get_category_suggestions", query={"q": "x"})) == (404, 62004)
    path = "/ebay/sell/metadata/v1/marketplace/EBAY_US/get_item_condition_policies"
    policies = call("GET", path, query={"filter": "categoryIds:{15709|19006}"}).json()["itemConditionPolicies"]
    assert [one["categoryId"] for one in policies] == ["15709", "19006"]
    assert error_of(call("GET", path.replace("EBAY_US", "EBAY_MARS"))) == (400, 46001)


def test_a_picture_is_kept_and_served(call: Referee) -> None:
    media = "/ebay-media/commerce/media/v1_beta/image"
    made = call("POST", f"{media}/create_image_from_file", files={"image": ("lamp.jpg", JPEG, "image/jpeg")})
    assert made.status_code == 201
    path = urlsplit(made.headers["location"]).path
    url = call("GET", path).json()["imageUrl"]
    assert httpx.get(url, trust_env=False).content == JPEG
    copied = call("POST", f"{media}/create_image_from_url", {"imageUrl": url})
    assert copied.status_code == 201
    assert error_of(call("POST", f"{media}/create_image_from_url", {"imageUrl": "http://pictures.example/x.jpg"})) == (400, 190204)
    assert error_of(call("POST", f"{media}/create_image_from_file", files={"image": ("a.txt", b"text", "text/plain")})) == (400, 190203)
    assert error_of(call("GET", f"{media}/nothing")) == (404, 190200)
    call.sandbox.shift_clock(timedelta(days=31).total_seconds())
    call.token = call.sandbox.ebay_tokens()["access_token"]
    assert error_of(call("GET", path)) == (404, 190200)


def test_fifty_uploads_in_five_seconds(call: Referee) -> None:
    path = "/ebay-media/commerce/media/v1_beta/image/create_image_from_file"
    answers = [call("POST", path, files={"image": ("a.jpg", JPEG, "image/jpeg")}).status_code for _ in range(51)]
    assert answers == [201] * 50 + [429]
    call.sandbox.shift_clock(5)
    assert call("POST", path, files={"image": ("a.jpg", JPEG, "image/jpeg")}).status_code == 201
