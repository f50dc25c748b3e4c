"""Shopify's own schema as a referee of documents, variables and answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values

from tests.requires import specs

# The concrete types behind the interfaces that our documents meet; they ask for no __typename.
CONCRETE = {"Media": "MediaImage", "Catalog": "AppCatalog"}
DECIMAL = re.compile(r"-?\d+(\.\d+)?")
SCALARS: dict[str, re.Pattern[str]] = {
    "Decimal": DECIMAL,
    "Money": DECIMAL,
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"),
    "URL": re.compile(r"https?://\S+"),
    "UnsignedInt64": re.compile(r"\d+"),
}


@cache
def official() -> GraphQLSchema:
    """The schema of the Admin API 2026-10, its scalars as strict as Shopify writes them. Read once per process: it is large."""
    found = build_schema((specs() / "shopify" / "admin_2026-10.graphql").read_text(), assume_valid=True)
    for name, shape in SCALARS.items():
        scalar = found.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        setattr(scalar, "serialize", _strict(name, shape))  # noqa: B010 - a method of the instance
    return found


def _strict(name: str, shape: re.Pattern[str]) -> Callable[[Any], Any]:
    def serialize(value: Any) -> Any:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise GraphQLError(f"{value!r} is no {name}")
        return value

    return serialize


def check_request(text: str, variables: dict[str, Any]) -> None:
    """A document and its variables must be valid in Shopify's schema, and use nothing that Shopify has deprecated."""
    schema, document = official(), parse(text)
    faults = [one.message for one in validate(schema, document, [*specified_rules, NoDeprecatedCustomRule])]
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    coerced = get_variable_values(schema, operation.variable_definitions or (), variables)
    if isinstance(coerced, list):
        faults += [one.message for one in coerced]
    assert faults == []


def check_answer(text: str, variables: dict[str, Any], data: dict[str, Any]) -> None:
    """The data of an answer must be what Shopify's types allow: it is carried through them and must come out the same."""
    found = execute_sync(
        official(), parse(text), root_value=data, variable_values=variables, field_resolver=_from_answer, type_resolver=_concrete
    )
    assert [one.message for one in found.errors or []] == []
    assert found.data == data


def _from_answer(source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    return source[info.path.key]


def _concrete(_value: Any, _info: GraphQLResolveInfo[Any], kind: GraphQLAbstractType) -> str:
    return CONCRETE[kind.name]
