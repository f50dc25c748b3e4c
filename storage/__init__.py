"""Rows, work, photos, secrets: what survives. Knows no rules and no flows. README.md states the invariants."""
