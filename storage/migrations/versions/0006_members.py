"""What each member chose, notices for each of them, camera rolls, and where chats with threads tell a story."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = ("roll", "roll_photo", "notice_copy", "story")


def _added() -> dict[str, list[sa.Column[Any]]]:
    """New columns of tables that may have rows: those that are not null get a value for the rows that are there."""
    return {
        "workspace": [
            sa.Column("language", sa.String(), nullable=False, server_default="en"),
            sa.Column("next_roll", sa.Integer(), nullable=False, server_default="1"),
        ],
        "member": [
            sa.Column("language", sa.String(), nullable=False, server_default=""),
            sa.Column("timezone", sa.String(), nullable=False, server_default=""),
            sa.Column("digest_at", sa.Integer(), nullable=True),
            sa.Column("quiet_from", sa.Integer(), nullable=True),
            sa.Column("quiet_until", sa.Integer(), nullable=True),
            sa.Column("notify", JSON, nullable=False, server_default="{}"),
        ],
        "one_time_code": [
            sa.Column("channels", JSON, nullable=False, server_default="[]"),
            sa.Column("links", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("made_by", sa.String(), nullable=False, server_default=""),
            sa.Column("used_by", sa.String(), nullable=False, server_default=""),
        ],
        "card_post": [
            sa.Column("thread", sa.String(), nullable=False, server_default=""),
            sa.Column("aloud", sa.Boolean(), nullable=False, server_default=sa.false()),
        ],
        "identity": [sa.Column("seen_at", TIME, nullable=True)],
        "web_session": [
            sa.Column("name", sa.String(), nullable=False, server_default=""),
            sa.Column("seen_at", TIME, nullable=True),
        ],
    }


def upgrade() -> None:
    for table, columns in _added().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(column)
    with op.batch_alter_table("manual_task") as batch:
        batch.add_column(sa.Column("assigned_to", sa.String(32), nullable=True))
        batch.create_foreign_key("fk_manual_task_assigned_to", "member", ["assigned_to"], ["id"])
    with op.batch_alter_table("notice") as batch:  # each member has these of their own now
        batch.drop_column("read_at")
        batch.drop_column("dismissed_at")
    _index("notice", "subject_id")
    _roll()
    _roll_photo()
    _notice_copy()
    _story()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_notice_subject_id", "notice")
    with op.batch_alter_table("notice") as batch:
        batch.add_column(sa.Column("read_at", TIME, nullable=True))
        batch.add_column(sa.Column("dismissed_at", TIME, nullable=True))
    with op.batch_alter_table("manual_task") as batch:
        batch.drop_constraint("fk_manual_task_assigned_to", type_="foreignkey")
        batch.drop_column("assigned_to")
    for table, columns in _added().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column.name)


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


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _roll() -> None:
    op.create_table(
        "roll",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=True),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("failed", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_roll"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_roll_workspace_id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_roll_member_id"),
    )
    for column in ("workspace_id", "state", "due_at"):
        _index("roll", column)
    op.create_index("ix_roll_chat", "roll", ["surface", "chat", "state"])


def _roll_photo() -> None:
    op.create_table(
        "roll_photo",
        sa.Column("roll_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("taken_at", sa.String(), nullable=False),
        sa.Column("look", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("roll_id", "sha256", name="pk_roll_photo"),
        sa.ForeignKeyConstraint(["roll_id"], ["roll.id"], name="fk_roll_photo_roll_id"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_roll_photo_item_id"),
    )
    _index("roll_photo", "item_id")


def _notice_copy() -> None:
    op.create_table(
        "notice_copy",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("notice_id", sa.String(32), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("fold", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("told_at", TIME, nullable=True),
        sa.Column("read_at", TIME, nullable=True),
        sa.Column("dismissed_at", TIME, nullable=True),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_notice_copy"),
        sa.UniqueConstraint("notice_id", "member_id", name="uq_notice_copy_notice_id_member_id"),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name="fk_notice_copy_notice_id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_notice_copy_member_id"),
    )
    for column in ("state", "due_at", "fold"):
        _index("notice_copy", column)
    op.create_index("ix_notice_copy_unread", "notice_copy", ["member_id", "read_at"])
    op.create_index("ix_notice_copy_told", "notice_copy", ["member_id", "told_at"])


def _story() -> None:
    op.create_table(
        "story",
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("surface", "chat", "subject_kind", "subject_id", name="pk_story"),
    )
