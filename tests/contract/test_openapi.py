"""The referee itself: it must find what is wrong, or every other contract test is worthless."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.openapi import Document

SPEC: dict[str, Any] = {
    "servers": [{"url": "https://api.example{basePath}", "variables": {"basePath": {"default": "/shop/v1"}}}],
    "paths": {
        "/thing/{id}": {
            "put": {
                "operationId": "putThing",
                "parameters": [
                    {"name": "X-Place", "in": "header", "required": True, "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}},
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "204": {"description": "nothing"},
                    "400": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
                },
            }
        },
        "/thing/new": {"get": {"operationId": "newThing", "responses": {"204": {}}}},
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "note": {"type": "string", "nullable": True}},
            },
            "Error": {
                "type": "object",
                "properties": {
                    "errorId": {"type": "integer"},
                    "domain": {"type": "string"},
                    "category": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        }
    },
}
GOOD = {"name": "lamp", "note": None}
PLACE = {"x-place": "here"}


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(SPEC, "errors")


def test_what_is_right_passes(document: Document) -> None:
    assert document.check_request("PUT", "/stand-in/shop/v1/thing/a%2Fb", {"limit": "5"}, PLACE, GOOD).id == "putThing"
    assert document.check_response("GET", "/shop/v1/thing/new", 204).id == "newThing"
    document.check_response("PUT", "/shop/v1/thing/1", 200, GOOD)
    error = {"errorId": 1, "domain": "d", "category": "REQUEST", "message": "m"}
    document.check_response("PUT", "/shop/v1/thing/1", 400, {"errors": [error]})
    document.check_response("PUT", "/shop/v1/thing/1", 429, {"errors": [error]})


@pytest.mark.parametrize(
    ("query", "headers", "body", "said"),
    [
        ({}, {}, GOOD, "X-Place is required"),
        ({"colour": "red"}, PLACE, GOOD, "colour is not in the document"),
        ({"limit": "11"}, PLACE, GOOD, "limit"),
        ({"limit": "many"}, PLACE, GOOD, "limit"),
        ({}, PLACE, None, "a body is required"),
        ({}, PLACE, {}, "'name' is a required property"),
        ({}, PLACE, {"name": "lamp", "nmae": "x"}, "nmae"),
        ({}, {**PLACE, "Content-Type": "text/xml"}, GOOD, "text/xml"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(
    document: Document, query: dict[str, str], headers: dict[str, str], body: Any, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        document.check_request("PUT", "/shop/v1/thing/1", query, headers, body)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, None, "lacks its body"),
        (200, {"name": 5}, "not of type 'string'"),
        (204, {}, "no body"),
        (202, None, "not an answer"),
        (418, {"errors": []}, "not an answer"),
        (400, {"errorId": 1}, "errors"),
        (400, {"errors": []}, "non-empty"),
        (400, {"errors": [{"errorId": 1}]}, "required property"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(document: Document, status: int, body: Any, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        document.check_response("PUT", "/shop/v1/thing/1", status, body)


def test_paths_that_are_not_there(document: Document) -> None:
    with pytest.raises(AssertionError, match="knows no GET"):
        document.operation("GET", "/shop/v1/thing/1")
    with pytest.raises(AssertionError, match="takes no body"):
        document.check_request("GET", "/shop/v1/thing/new", {}, {}, {"a": 1})
