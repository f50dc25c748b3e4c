"""Carries out GraphQL documents over our part of Shopify's schema, and reckons what they cost."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

# A bucket belongs to an app in a shop and holds what twenty seconds restore: https://shopify.dev/docs/api/usage/limits
SECONDS = 20
QUERY_LIMIT = 1000
MUTATION_COST = 10


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    folder = Path(__file__).parent
    return build_schema("\n".join((folder / name).read_text() for name in ("schema.graphql", "orders.graphql")))


@lru_cache(maxsize=256)
def read(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """A document and what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))


def operation_name(text: str) -> str:
    """The API's own name of what is called: the operation's first field."""
    document, _ = read(text)
    return _roots(document)[0].name.value if document else "graphql"


def _roots(document: DocumentNode) -> list[FieldNode]:
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    fields = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
    # `shop` stands in many queries for the currency only.
    return sorted(fields, key=lambda field: field.name.value == "shop") or fields


class Bucket:
    """One app's points in one shop, `restore` new ones a second. A query takes what it may cost at most and gets back what it did not."""

    def __init__(self, restore: float) -> None:
        self.restore = restore
        self.size = restore * SECONDS
        self._points = self.size
        self._at = time.monotonic()

    def available(self) -> float:
        now = time.monotonic()
        self._points = min(self.size, self._points + (now - self._at) * self.restore)
        self._at = now
        return self._points

    def take(self, points: float) -> None:
        self._points = self.available() - points


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the document's text and its variables."""

    text: str
    variables: Mapping[str, Any]


def run(call: Call, bucket: Bucket, root: Any) -> dict[str, Any]:
    """Shopify's answer: `data`, `errors`, and `extensions.cost`."""
    document, faults = read(call.text)
    if document is None or faults:
        return {"errors": [_plain(one) for one in faults]}
    requested = cost(document, call.variables)
    if requested > QUERY_LIMIT:
        limit = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": QUERY_LIMIT}
        return {"errors": [{"message": "the query costs too much", "extensions": limit}]}
    if requested > bucket.available():
        return throttled(requested, bucket)
    bucket.take(requested)
    found = execute_sync(schema(), document, root_value=root, variable_values=dict(call.variables))
    spent = min(requested, _spent(found.data) + (MUTATION_COST if _is_mutation(document) else 0))
    bucket.take(spent - requested)
    answer: dict[str, Any] = {"data": found.data} if found.data is not None or not found.errors else {}
    if found.errors:
        answer["errors"] = [_plain(one, "" if one.path else "INVALID_VARIABLE") for one in found.errors]
    return {**answer, "extensions": _extensions(requested, spent, bucket)}


def throttled(requested: int, bucket: Bucket) -> dict[str, Any]:
    """The answer to a query that the bucket does not cover."""
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return {"errors": [error], "extensions": _extensions(requested, None, bucket)}


def _extensions(requested: int, spent: int | None, bucket: Bucket) -> dict[str, Any]:
    status = {"maximumAvailable": bucket.size, "currentlyAvailable": int(bucket.available()), "restoreRate": bucket.restore}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": spent, "throttleStatus": status}}


def _plain(error: GraphQLError, code: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if error.path:
        shown["path"] = list(error.path)
    extensions = dict(error.extensions or {})
    if code and "code" not in extensions:
        extensions["code"] = code
    if extensions:
        shown["extensions"] = extensions
    return shown


def _is_mutation(document: DocumentNode) -> bool:
    return any(isinstance(one, OperationDefinitionNode) and one.operation is OperationType.MUTATION for one in document.definitions)


def _spent(value: Any) -> int:
    """One point for each object in the answer."""
    if isinstance(value, dict):
        return 1 + sum(_spent(one) for one in value.values())
    if isinstance(value, list):
        return sum(_spent(one) for one in value)
    return 0


def cost(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """What a document may cost at most. Published (https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits): an object costs
    1, a scalar or enum nothing, an interface or union the most of its possible selections, a mutation 10, a connection by its size. How
    it goes by its size is not: developers measured 25 for `product { variants(first: 250) { nodes { inventoryItem { id } } } }`, and so
    it is here."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    each = MUTATION_COST if operation.operation is OperationType.MUTATION else 0
    return math.floor(_Cost(fragments, variables).of(operation.selection_set)) + each * len(_roots(document))


class _Cost:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables

    def of(self, selected: SelectionSetNode | None) -> float:
        total, possible = 0.0, 0.0
        for one in selected.selections if selected else ():
            if isinstance(one, FieldNode):
                total += self._field(one)
            elif isinstance(one, InlineFragmentNode):
                possible = max(possible, self.of(one.selection_set))
            elif isinstance(one, FragmentSpreadNode):
                total += self.of(self._fragments[one.name.value].selection_set)
        return total + possible

    def _field(self, field: FieldNode) -> float:
        if field.selection_set is None:
            return 0.0
        inner = self.of(field.selection_set)
        first = next((self._number(one.value) for one in field.arguments or () if one.name.value == "first"), None)
        return 1 + inner if first is None else 2 + math.sqrt(first * inner)

    def _number(self, value: Any) -> int:
        if isinstance(value, IntValueNode):
            return int(value.value)
        return int(self._variables.get(value.name.value) or 0) if isinstance(value, VariableNode) else 0
