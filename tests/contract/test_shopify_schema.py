"""The stand-in's schema is a true part of Shopify's, and our documents are valid in both."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    Undefined,
    is_required_argument,
    is_required_input_field,
    parse,
    specified_rules,
    validate,
)

from integrations.sandbox.shopify import engine
from integrations.shopify import operations, order_operations
from tests.contract.shopify_schema import official

DOCUMENTS = {
    name: text for name, text in {**vars(operations), **vars(order_operations)}.items() if name.isupper() and not name.startswith("_")
}


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    return official()


def ours() -> dict[str, GraphQLNamedType]:
    return {name: kind for name, kind in engine.schema().type_map.items() if not name.startswith("__")}


def test_there_are_documents() -> None:
    assert len(DOCUMENTS) > 15


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_in_shopifys_schema_and_in_the_stand_ins(name: str, real: GraphQLSchema) -> None:
    document = parse(DOCUMENTS[name])
    assert [one.message for one in validate(real, document, [*specified_rules, NoDeprecatedCustomRule])] == []
    assert [one.message for one in validate(engine.schema(), document)] == []


@pytest.mark.parametrize("name", ours())
def test_a_type_of_the_stand_in_is_a_part_of_shopifys(name: str, real: GraphQLSchema) -> None:
    kind, true = ours()[name], real.type_map[name]
    assert type(kind) is type(true)
    if isinstance(kind, GraphQLEnumType) and isinstance(true, GraphQLEnumType):
        assert set(kind.values) <= set(true.values)
    if isinstance(kind, GraphQLInputObjectType) and isinstance(true, GraphQLInputObjectType):
        assert_input(kind, true)
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and isinstance(true, GraphQLObjectType | GraphQLInterfaceType):
        assert_output(kind, true)


def assert_input(kind: GraphQLInputObjectType, true: GraphQLInputObjectType) -> None:
    assert kind.is_one_of == true.is_one_of
    for name, field in kind.fields.items():
        assert str(field.type) == str(true.fields[name].type), name
        assert field.default_value == true.fields[name].default_value, name
    assert {name for name, field in true.fields.items() if is_required_input_field(field)} <= set(kind.fields)


def assert_output(kind: Any, true: Any) -> None:
    assert {one.name for one in kind.interfaces} <= {one.name for one in true.interfaces}
    for name, field in kind.fields.items():
        assert str(field.type) == str(true.fields[name].type), name
        assert_arguments(field.args, true.fields[name].args)


def assert_arguments(args: dict[str, GraphQLArgument], true: dict[str, GraphQLArgument]) -> None:
    for name, arg in args.items():
        assert str(arg.type) == str(true[name].type), name
        assert arg.default_value == true[name].default_value or arg.default_value is Undefined, name
    assert {name for name, arg in true.items() if is_required_argument(arg)} <= set(args)


def test_the_directive_is_shopifys(real: GraphQLSchema) -> None:
    mine, true = engine.schema().get_directive("idempotent"), real.get_directive("idempotent")
    assert mine is not None
    assert true is not None
    assert mine.locations == true.locations
    assert {name: str(arg.type) for name, arg in mine.args.items()} == {name: str(arg.type) for name, arg in true.args.items()}


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ shop { name currencyCode } }", 1),
        ("query($id: ID!) { product(id: $id) { variants(first: 250) { nodes { inventoryItem { id } } } } }", 25),
        ("mutation($id: ID!) { productUpdate(product: {id: $id}) { userErrors { message } } }", 12),
    ],
)
def test_what_a_document_costs(document: str, points: int) -> None:
    assert engine.cost(parse(document), {}) == points


def test_of_an_interface_the_dearest_selection_counts() -> None:
    """As published; a fragment is one of several possible ones."""

    def of(*selections: str) -> int:
        nodes = " ".join(selections)
        return engine.cost(parse(f"query($id: ID!) {{ product(id: $id) {{ media(first: 100) {{ nodes {{ id {nodes} }} }} }} }}"), {})

    image, video = "... on MediaImage { image { url } }", "... on Video { preview { image { url } } }"
    assert of(image, video) == of(video) > of(image)
