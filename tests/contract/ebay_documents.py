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
    operations = [one for path in spec["paths"].values() for one in path.values() if isinstance(one, dict) and "responses" in one]
    for status, answer in (pair for operation in operations for pair in operation["responses"].items()):
        kinds = answer.get("content", {}).values()
        if status.startswith("2") and any(one["schema"].get("$ref", "").endswith("/Error") for one in kinds):
            del answer["content"]  # a success has no error for a body
    for schema in schemas.values():
        if "enum" in schema and schema.get("type") == "object":
            schema["type"] = "string"  # its values are strings
    product = schemas.get("Product", {}).get("properties", {})
    if product.get("aspects", {}).get("type") == "string":
        # The field's own example is an object of lists.
        product["aspects"] = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
        # The prose calls a first call with nothing but the SKU complete.
        schemas["Product"].pop("required")
    # The prose of these fields lets a warehouse do with country and postal code, and knows a phone number for stores only.
    for name, field in (("InventoryLocationFull", "phone"), ("InventoryLocationResponse", "phone"), ("Address", "stateOrProvince")):
        if field in schemas.get(name, {}).get("required", []):
            schemas[name]["required"].remove(field)
