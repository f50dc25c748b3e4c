"""Shopify through its Admin GraphQL API. README.md says what is used and why."""
