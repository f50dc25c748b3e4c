"""The schema's history. `storage/migrate.py` runs it; `python -m storage.migrations "what changed"` writes the next step."""
