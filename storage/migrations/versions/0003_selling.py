"""Accounts, listings, Changes, orders and tasks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "account",
    "listing",
    "sales_order",
    "change",
    "manual_task",
    "order_line",
)


def upgrade() -> None:
    _account()
    _listing()
    _sales_order()
    _change()
    _manual_task()
    _order_line()


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


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("tokens_at", TIME, nullable=True),
        sa.Column("orders_since", TIME, nullable=True),
        sa.Column("last_webhook_at", TIME, nullable=True),
        sa.Column("last_poll_at", TIME, nullable=True),
        sa.Column("last_ok_at", TIME, nullable=True),
        sa.Column("silent_told_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_account_workspace_id"),
        sa.UniqueConstraint("workspace_id", "channel", "external_id", name="uq_account_workspace_id_channel_external_id"),
    )
    op.create_index("ix_account_due_at", "account", ["due_at"])
    op.create_index("ix_account_state", "account", ["state"])
    op.create_index("ix_account_workspace_id", "account", ["workspace_id"])


def _listing() -> None:
    op.create_table(
        "listing",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("own_price", sa.BigInteger(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("external", JSON, nullable=False),
        sa.Column("listing_ref", sa.String(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("listed_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("verified_at", TIME, nullable=True),
        sa.Column("reread_at", TIME, nullable=True),
        sa.Column("reread_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listing"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_listing_account_id"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_listing_item_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_listing_workspace_id"),
        sa.UniqueConstraint("account_id", "sku", name="uq_listing_account_id_sku"),
        sa.UniqueConstraint("item_id", "account_id", name="uq_listing_item_id_account_id"),
    )
    op.create_index("ix_listing_account_id", "listing", ["account_id"])
    op.create_index("ix_listing_item_id", "listing", ["item_id"])
    op.create_index("ix_listing_listing_ref", "listing", ["listing_ref"])
    op.create_index("ix_listing_reread_at", "listing", ["reread_at"])
    op.create_index("ix_listing_state", "listing", ["state"])
    op.create_index("ix_listing_workspace_id", "listing", ["workspace_id"])


def _sales_order() -> None:
    op.create_table(
        "sales_order",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("fees", sa.BigInteger(), nullable=True),
        sa.Column("shipping", sa.BigInteger(), nullable=True),
        sa.Column("tax", sa.BigInteger(), nullable=True),
        sa.Column("buyer", sa.LargeBinary(), nullable=False),
        sa.Column("buyer_key", sa.String(), nullable=False),
        sa.Column("placed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("seen_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sales_order"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sales_order_account_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_sales_order_workspace_id"),
        sa.UniqueConstraint("account_id", "external_id", name="uq_sales_order_account_id_external_id"),
        sa.UniqueConstraint("workspace_id", "number", name="uq_sales_order_workspace_id_number"),
    )
    op.create_index("ix_sales_order_buyer_key", "sales_order", ["buyer_key"])
    op.create_index("ix_sales_order_workspace_id", "sales_order", ["workspace_id"])


def _change() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("listing_id", sa.String(32), nullable=True),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("outcome", JSON, nullable=False),
        sa.Column("order_id", sa.String(32), nullable=True),
        sa.Column("undo_of", sa.String(32), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("hold_until", TIME, nullable=True),
        sa.Column("undo_until", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_change"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_change_item_id"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_change_listing_id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_change_member_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_change_workspace_id"),
    )
    op.create_index("ix_change_batch", "change", ["batch"])
    op.create_index("ix_change_due_at", "change", ["due_at"])
    op.create_index("ix_change_item_id", "change", ["item_id"])
    op.create_index("ix_change_listing_id", "change", ["listing_id"])
    op.create_index("ix_change_order_id", "change", ["order_id"])
    op.create_index("ix_change_state", "change", ["state"])
    op.create_index("ix_change_workspace_id", "change", ["workspace_id"])
    op.create_index(
        "uq_change_running",
        "change",
        ["listing_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _manual_task() -> None:
    op.create_table(
        "manual_task",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("listing_id", sa.String(32), nullable=True),
        sa.Column("order_id", sa.String(32), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("deadline", TIME, nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_manual_task"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_manual_task_item_id"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_manual_task_listing_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_manual_task_workspace_id"),
        sa.UniqueConstraint("workspace_id", "number", name="uq_manual_task_workspace_id_number"),
    )
    op.create_index("ix_manual_task_due_at", "manual_task", ["due_at"])
    op.create_index("ix_manual_task_item_id", "manual_task", ["item_id"])
    op.create_index("ix_manual_task_state", "manual_task", ["state"])
    op.create_index("ix_manual_task_workspace_id", "manual_task", ["workspace_id"])


def _order_line() -> None:
    op.create_table(
        "order_line",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=True),
        sa.Column("listing_id", sa.String(32), nullable=True),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_order_line"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_order_line_item_id"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_order_line_listing_id"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_order_line_order_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_order_line_workspace_id"),
        sa.UniqueConstraint("order_id", "external_id", name="uq_order_line_order_id_external_id"),
    )
    op.create_index("ix_order_line_item_id", "order_line", ["item_id"])
    op.create_index("ix_order_line_order_id", "order_line", ["order_id"])
    op.create_index("ix_order_line_workspace_id", "order_line", ["workspace_id"])
