"""Checks requests and answers against an OpenAPI 3 document, strictly: what the document does not name is an error too.

    inventory = Document.load(specs() / "ebay" / "sell_inventory_v1_oas3.json", envelope="errors")
    inventory.check_request("PUT", "/sell/inventory/v1/inventory_item/A1", {}, headers, body)
    inventory.check_response("PUT", "/sell/inventory/v1/inventory_item/A1", 204, None)

Paths may carry anything before the document's base path (a stand-in's prefix). Both checks raise AssertionError with every
fault found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

Json = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document: `id` is its operationId, `template` its path as the document writes it."""

    id: str
    method: str
    template: str
    spec: Json


class Document:
    """A loaded document. `envelope` names the array that wraps error bodies where the document points them at the bare type."""

    def __init__(self, spec: Json, envelope: str | None = None, amend: Callable[[Json], None] | None = None) -> None:
        if amend is not None:
            amend(spec)
        self._envelope = envelope
        server = (spec.get("servers") or [{}])[0]
        url = server.get("url", "")
        for name, variable in server.get("variables", {}).items():
            url = url.replace("{" + name + "}", variable["default"])
        self.base_path = urlsplit(url).path.rstrip("/")
        self._spec: Json = {"paths": spec["paths"], "components": _strict(spec.get("components", {}))}
        self._routes = sorted(
            (("{" in template, _pattern(template), template) for template in spec["paths"]), key=lambda one: (one[0], -len(one[2]))
        )

    @classmethod
    def load(cls, path: Path, *, envelope: str | None = None, amend: Callable[[Json], None] | None = None) -> Document:
        """Read a document once per process. `amend` corrects what the document says wrong about itself, in place."""
        return _load(path, envelope, amend)

    def operations(self) -> Iterator[Operation]:
        for template, methods in self._spec["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield Operation(methods[method].get("operationId", ""), method.upper(), template, methods[method])

    def operation(self, method: str, path: str) -> Operation:
        """The operation that a method and a path mean. AssertionError when the document knows none."""
        short = self._short(path)
        for _, pattern, template in self._routes:
            spec = self._spec["paths"][template].get(method.lower())
            if spec is not None and pattern.fullmatch(short):
                return Operation(spec.get("operationId", ""), method.upper(), template, spec)
        raise AssertionError(f"the document knows no {method.upper()} {short}")

    def check_request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: object | None = None
    ) -> Operation:
        """`body` is parsed JSON; leave it None for other types. Gives the operation."""
        operation = self.operation(method, path)
        faults = [*self._parameters(operation, query, headers), *self._request_body(operation, headers, body)]
        _raise(f"request {operation.method} {path} ({operation.id})", faults)
        return operation

    def check_response(self, method: str, path: str, status: int, body: object | None = None) -> Operation:
        """`body` is parsed JSON, None when there was none. Gives the operation."""
        operation = self.operation(method, path)
        _raise(f"answer {status} to {operation.method} {path} ({operation.id})", self._answer(operation, status, body))
        return operation

    def schema(self, name: str, value: object) -> None:
        """Check a value against a named schema of the document."""
        _raise(f"schema {name}", self._faults({"$ref": f"#/components/schemas/{name}"}, value))

    # -- parts

    def _short(self, path: str) -> str:
        path = urlsplit(path).path
        before, found, after = path.partition(self.base_path) if self.base_path else ("", "", path)
        return after if found or not before else path

    def _deref(self, node: Json) -> Json:
        while "$ref" in node:
            found: Any = self._spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def _parameters(self, operation: Operation, query: Mapping[str, str], headers: Mapping[str, str]) -> list[str]:
        shared = self._spec["paths"][operation.template].get("parameters", [])
        known = [self._deref(one) for one in [*shared, *operation.spec.get("parameters", [])]]
        given = {"query": dict(query), "header": {name.lower(): value for name, value in headers.items()}}
        faults = []
        for one in known:
            place, name = one["in"], one["name"].lower() if one["in"] == "header" else one["name"]
            if place not in given:
                continue
            value = given[place].get(name)
            if value is None and one.get("required"):
                faults.append(f"{place} parameter {one['name']} is required")
            if value is not None:
                faults += [f"{place} parameter {one['name']}: {text}" for text in self._faults(one.get("schema", {}), _typed(one, value))]
        names = {one["name"] for one in known if one["in"] == "query"}
        return faults + [f"query parameter {name} is not in the document" for name in query if name not in names]

    def _request_body(self, operation: Operation, headers: Mapping[str, str], body: object | None) -> list[str]:
        wanted = self._deref(operation.spec.get("requestBody", {}))
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "application/json").partition(";")[0]
        if not wanted:
            return [] if body is None else ["the document takes no body here"]
        content = wanted.get("content", {})
        if body is None:
            lacks = wanted.get("required") and "application/json" in content
            return ["a body is required"] if lacks else []
        if kind not in content:
            return [f"{kind} is not a type the document takes, which are {', '.join(content)}"]
        return self._faults(content[kind].get("schema", {}), body)

    def _answer(self, operation: Operation, status: int, body: object | None) -> list[str]:
        answers = operation.spec["responses"]
        found = next((answers[one] for one in (str(status), f"{status // 100}XX", "default") if one in answers), None)
        if status >= 400 and self._envelope:
            if found is None and status not in (401, 403, 404, 409, 415, 429, 500, 503):
                return [f"{status} is not an answer of this operation"]
            return self._faults(self._wrapped(), body)
        if found is None:
            return [f"{status} is not an answer of this operation, which has {', '.join(answers)}"]
        content = self._deref(found).get("content", {})
        if status == 204 or not content:
            return [] if body is None else [f"{status} has no body here"]
        kind = next((one for one in content if "json" in one or one == "*/*"), None)
        if body is None:
            # A bare `{"type": "object"}` is how documents say "nothing worth describing".
            bare = kind is not None and not set(content[kind].get("schema", {})) - {"type", "description"}
            return [] if bare else ["the answer lacks its body"]
        return self._faults(content[kind].get("schema", {}), body) if kind else []

    def _wrapped(self) -> Json:
        schemas = self._spec["components"].get("schemas", {})
        name = next((one for one in ("Error", "ErrorDetailV3", "ErrorDetail") if one in schemas), None)
        item: Json = {"$ref": f"#/components/schemas/{name}"} if name else _ERROR
        needed = {"required": ["errorId", "domain", "category", "message"]}
        items = {"allOf": [item, needed]}
        wrapped = {"type": "array", "minItems": 1, "items": items}
        return {"type": "object", "required": [self._envelope], "properties": {self._envelope: wrapped}, "additionalProperties": False}

    def _faults(self, schema: Json, value: object) -> list[str]:
        whole = {**_strict(schema), "components": self._spec["components"]}
        errors = sorted(Draft202012Validator(whole).iter_errors(value), key=lambda one: one.json_path)
        return [f"{one.json_path}: {one.message[:300]}" for one in errors]


_ERROR: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{name: {"type": "string"} for name in ("domain", "subdomain", "category", "message", "longMessage")},
        "errorId": {"type": "integer"},
        "inputRefIds": {"type": "array", "items": {"type": "string"}},
        "outputRefIds": {"type": "array", "items": {"type": "string"}},
        "parameters": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}},
        },
    },
}


@cache
def _load(path: Path, envelope: str | None, amend: Callable[[Json], None] | None) -> Document:
    return Document(json.loads(path.read_text()), envelope, amend)


def _raise(what: str, faults: list[str]) -> None:
    if faults:
        raise AssertionError(f"{what}:\n  " + "\n  ".join(faults))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]+\})", template)))


def _typed(parameter: Json, value: str) -> object:
    """A parameter's text as the type it is declared to have, where it is one."""
    kind = parameter.get("schema", {}).get("type")
    if kind in ("integer", "number"):
        return int(value) if re.fullmatch(r"-?\d+", value) else value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, value)
    return value.split(",") if kind == "array" else value


def _strict(node: Any) -> Any:
    """The schema with unknown properties forbidden and OpenAPI 3.0's `nullable` turned into a type."""
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _strict(value) for name, value in node.items()}
    if (
        isinstance(made.get("properties"), dict)
        and made.get("type", "object") == "object"
        and not any(one in made for one in ("allOf", "anyOf", "oneOf"))
    ):
        made.setdefault("additionalProperties", False)
    if made.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made
