"""Items, photos, drafts and the ledger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "item",
    "photo",
    "draft",
    "item_photo",
    "stock",
    "stock_entry",
)


def upgrade() -> None:
    _item()
    _photo()
    _draft()
    _item_photo()
    _stock()
    _stock_entry()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _work() -> list[sa.Column[Any]]:
    """The columns of a row that has to be carried forward."""
    return [
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("turn", sa.String(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
    ]


def _item() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_item_workspace_id"),
        sa.UniqueConstraint("workspace_id", "number", name="uq_item_workspace_id_number"),
        sa.UniqueConstraint("workspace_id", "sku", name="uq_item_workspace_id_sku"),
    )
    op.create_index("ix_item_state", "item", ["state"])
    op.create_index("ix_item_workspace_id", "item", ["workspace_id"])


def _photo() -> None:
    op.create_table(
        "photo",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "workspace_id", name="pk_photo"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_photo_workspace_id"),
    )


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("album", sa.String(), nullable=False),
        sa.Column("hints", JSON, nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("member_id", sa.String(32), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_draft_item_id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_draft_member_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_draft_workspace_id"),
    )
    op.create_index("ix_draft_album", "draft", ["album"])
    op.create_index("ix_draft_due_at", "draft", ["due_at"])
    op.create_index("ix_draft_item_id", "draft", ["item_id"])
    op.create_index("ix_draft_state", "draft", ["state"])
    op.create_index("ix_draft_workspace_id", "draft", ["workspace_id"])


def _item_photo() -> None:
    op.create_table(
        "item_photo",
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "sha256", name="pk_item_photo"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_item_photo_item_id"),
    )


def _stock() -> None:
    op.create_table(
        "stock",
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("low_at", sa.Integer(), nullable=False),
        sa.Column("reorder_at", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="pk_stock"),
        sa.CheckConstraint("reserved <= total", name=op.f("ck_stock_promised")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_reserved")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_stock_total")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_stock_item_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_stock_workspace_id"),
    )
    op.create_index("ix_stock_workspace_id", "stock", ["workspace_id"])


def _stock_entry() -> None:
    op.create_table(
        "stock_entry",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("total_before", sa.Integer(), nullable=False),
        sa.Column("total_after", sa.Integer(), nullable=False),
        sa.Column("reserved_after", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_entry"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_stock_entry_item_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_stock_entry_workspace_id"),
        sa.UniqueConstraint("item_id", "key", name="uq_stock_entry_item_id_key"),
    )
    op.create_index("ix_stock_entry_item_id", "stock_entry", ["item_id"])
    op.create_index("ix_stock_entry_workspace_id", "stock_entry", ["workspace_id"])
