"""eBay's documents for contract tests: `ebay("sell_inventory_v1")`."""

from __future__ import annotations

from tests.contract.openapi import Document, Json
from tests.requires import specs


def ebay(name: str) -> Document:
    """One of eBay's documents by its file's name without `_oas3.json`. Error bodies are wrapped in `errors[]`, as on the wire."""
    return Document.load(specs() / "ebay" / f"{name}_oas3.json", envelope="errors", amend=_amend)


def _amend(spec: Json) -> None:
    """What the documents' own prose and examples contradict in their schemas."""
    schemas = spec["components"]["schemas"]
    for schema in schemas.values():
        if "enum" in schema and schema.get("type") == "object":
            schema["type"] = "string"  # its values are strings
    product = schemas.get("Product", {}).get("properties", {})
    if product.get("aspects", {}).get("type") == "string":
        # The field's own example is an object of lists.
        product["aspects"] = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
        # The prose calls a first call with nothing but the SKU complete.
        schemas["Product"].pop("required")
