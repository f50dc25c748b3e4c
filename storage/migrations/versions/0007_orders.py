"""Orders to their end: parcels, refunds, sources and who bought; what marketplaces show compared with what we think."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.String(32)
TABLES = ("forgotten_buyer", "order_contact", "order_source", "parcel", "reconciliation", "difference")


def _added() -> dict[str, list[sa.Column[Any]]]:
    """New columns of tables that may have rows: those that are not null get a value for the rows that are there."""
    return {
        "sales_order": [
            *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("label_cost", "refund_asked", "refunded")),
            *(sa.Column(name, TIME, nullable=True) for name in ("ship_by", "shipped_at", "delivered_at", "asked_at", "forgotten_at")),
            *(sa.Column(name, sa.String(), nullable=False, server_default="") for name in ("delivered_by", "label_by")),
        ],
        "listing": [sa.Column("seen", JSON, nullable=False, server_default="{}")],
        "manual_task": [sa.Column("snoozed_until", TIME, nullable=True)],
    }


def upgrade() -> None:
    for table, columns in _added().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(column)
    _order_contact()
    op.execute("INSERT INTO order_contact (order_id, kind, key) SELECT id, 'handle', buyer_key FROM sales_order WHERE buyer_key <> ''")
    op.drop_index("ix_sales_order_buyer_key", "sales_order")
    with op.batch_alter_table("sales_order") as batch:
        batch.drop_column("buyer_key")
    _forgotten_buyer()
    _order_source()
    _parcel()
    _reconciliation()
    _difference()
    _ledger()


def downgrade() -> None:
    _ledger_as_it_was()
    with op.batch_alter_table("sales_order") as batch:
        batch.add_column(sa.Column("buyer_key", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_sales_order_buyer_key", "sales_order", ["buyer_key"])
    op.execute(
        "UPDATE sales_order SET buyer_key = coalesce("
        "(SELECT max(key) FROM order_contact WHERE order_contact.order_id = sales_order.id AND kind = 'handle'), '')"
    )
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, columns in _added().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column.name)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")


def _forgotten_buyer() -> None:
    op.create_table(
        "forgotten_buyer",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_forgotten_buyer"),
    )


def _order_contact() -> None:
    op.create_table(
        "order_contact",
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "kind", "key", name="pk_order_contact"),
        _refers("order_contact", "order_id", "sales_order"),
    )
    _index("order_contact", "key")


def _order_source() -> None:
    op.create_table(
        "order_source",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace_id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("batch", KEY, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("told", JSON, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_order_source"),
        sa.UniqueConstraint("workspace_id", "source", "external_id", name="uq_order_source_workspace_id_source_external_id"),
        _refers("order_source", "workspace_id", "workspace"),
        _refers("order_source", "order_id", "sales_order"),
    )
    for column in ("workspace_id", "order_id", "batch"):
        _index("order_source", column)


def _parcel() -> None:
    op.create_table(
        "parcel",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace_id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("tracking", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("pushed_at", TIME, nullable=True),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("delivered_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parcel"),
        sa.UniqueConstraint("order_id", "tracking", name="uq_parcel_order_id_tracking"),
        _refers("parcel", "workspace_id", "workspace"),
        _refers("parcel", "order_id", "sales_order"),
    )
    for column in ("workspace_id", "order_id"):
        _index("parcel", column)


def _reconciliation() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("batch", KEY, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
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
        sa.PrimaryKeyConstraint("id", name="pk_reconciliation"),
        _refers("reconciliation", "workspace_id", "workspace"),
        _refers("reconciliation", "account_id", "account"),
    )
    for column in ("workspace_id", "account_id", "batch", "state", "due_at"):
        _index("reconciliation", column)


def _difference() -> None:
    op.create_table(
        "difference",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("reconciliation_id", KEY, nullable=True),
        sa.Column("item_id", KEY, nullable=True),
        sa.Column("listing_id", KEY, nullable=True),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ours", JSON, nullable=False),
        sa.Column("theirs", JSON, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_difference"),
        _refers("difference", "workspace_id", "workspace"),
        _refers("difference", "account_id", "account"),
        _refers("difference", "reconciliation_id", "reconciliation"),
        _refers("difference", "item_id", "item"),
        _refers("difference", "listing_id", "listing"),
    )
    for column in ("workspace_id", "account_id", "reconciliation_id", "item_id", "listing_id", "state"):
        _index("difference", column)
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_difference_open", "difference", ["account_id", "ref", "kind"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )


CHECKS = {
    "total": "total_after = total_before + total",
    "reserved": "reserved_after = reserved_before + reserved",
    "before": "reserved_before >= 0 AND reserved_before <= total_before",
    "after": "reserved_after >= 0 AND reserved_after <= total_after",
}
PLACE = (
    "UPDATE stock_entry SET reserved_before = reserved_after - reserved, "
    "place = (SELECT count(*) FROM stock_entry AS earlier WHERE earlier.item_id = stock_entry.item_id AND earlier.id <= stock_entry.id)"
)
BY_WHOM = "UPDATE stock_entry SET source = reason, reason = '' WHERE source = 'person' AND reason LIKE 'member:%'"
ENTRIES = "UPDATE stock SET entries = (SELECT count(*) FROM stock_entry WHERE stock_entry.item_id = stock.item_id)"


def _ledger() -> None:
    """Entries say what was before, each has its place, the arithmetic is the database's to check, and none is ever changed."""
    with op.batch_alter_table("stock") as batch:
        batch.add_column(sa.Column("entries", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("stock_entry") as batch:
        batch.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("reserved_before", sa.Integer(), nullable=False, server_default="0"))
    for statement in (PLACE, BY_WHOM, ENTRIES):
        op.execute(statement)
    with op.batch_alter_table("stock_entry") as batch:
        batch.create_unique_constraint("uq_stock_entry_item_id_place", ["item_id", "place"])
        for name, check in CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_stock_entry_{name}"), check)
    if op.get_bind().dialect.name == "sqlite":  # whoever copies the table anew by a later step makes these anew too
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER stock_entry_{event.lower()} BEFORE {event} ON stock_entry "
                "BEGIN SELECT RAISE(ABORT, 'the inventory ledger is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION stock_entry_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the inventory ledger is append-only'; END $$"
    )
    op.execute("CREATE TRIGGER stock_entry_stays BEFORE UPDATE OR DELETE ON stock_entry FOR EACH ROW EXECUTE FUNCTION stock_entry_stays()")


def _ledger_as_it_was() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete"):
            op.execute(f"DROP TRIGGER stock_entry_{event}")
    else:
        op.execute("DROP TRIGGER stock_entry_stays ON stock_entry")
        op.execute("DROP FUNCTION stock_entry_stays()")
    with op.batch_alter_table("stock_entry") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_stock_entry_{name}"), type_="check")
        batch.drop_constraint("uq_stock_entry_item_id_place", type_="unique")
        batch.drop_column("place")
        batch.drop_column("reserved_before")
    with op.batch_alter_table("stock") as batch:
        batch.drop_column("entries")
