"""Alembic runs this. The connection comes from `storage/migrate.py`, inside a transaction that is already open."""

from __future__ import annotations

from typing import Any

from alembic import context

from storage.models import Base


def ours(name: str | None, kind: str, parents: Any) -> bool:
    """procrastinate keeps its own tables in the same database; they are none of our schema's business."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=ours,
    compare_type=True,
    render_as_batch=True,  # SQLite changes a column by making the table anew
)
with context.begin_transaction():
    context.run_migrations()
