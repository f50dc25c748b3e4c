"""Marketplaces without an API: kits to copy, as data."""
