"""The inbox, cards, notices and the audit trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "audit_entry",
    "clock_slot",
    "inbox_event",
    "refused_delivery",
    "card_button",
    "card_post",
    "question",
    "notice",
    "quota",
)


def upgrade() -> None:
    _audit_entry()
    _clock_slot()
    _inbox_event()
    _refused_delivery()
    _card_button()
    _card_post()
    _question()
    _notice()
    _quota()


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


def _audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("seq", name="uq_audit_entry_seq"),
    )
    op.create_index("ix_audit_entry_subject_id", "audit_entry", ["subject_id"])
    op.create_index("ix_audit_entry_workspace_id", "audit_entry", ["workspace_id"])


def _clock_slot() -> None:
    op.create_table(
        "clock_slot",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("slot", TIME, nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name="pk_clock_slot"),
    )


def _inbox_event() -> None:
    op.create_table(
        "inbox_event",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_inbox_event"),
        sa.UniqueConstraint("source", "account", "event_id", name="uq_inbox_event_source_account_event_id"),
    )
    op.create_index("ix_inbox_event_due_at", "inbox_event", ["due_at"])
    op.create_index("ix_inbox_event_state", "inbox_event", ["state"])


def _refused_delivery() -> None:
    op.create_table(
        "refused_delivery",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_refused_delivery"),
    )


def _card_button() -> None:
    op.create_table(
        "card_button",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("action", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_card_button"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_card_button_workspace_id"),
    )
    op.create_index("ix_card_button_workspace_id", "card_button", ["workspace_id"])


def _card_post() -> None:
    op.create_table(
        "card_post",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=True),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("card", JSON, nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        *_work(),
        sa.PrimaryKeyConstraint("id", name="pk_card_post"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_card_post_workspace_id"),
    )
    op.create_index("ix_card_post_chat", "card_post", ["surface", "chat", "changed_at"])
    op.create_index("ix_card_post_due_at", "card_post", ["due_at"])
    op.create_index("ix_card_post_message", "card_post", ["surface", "chat", "message"])
    op.create_index("ix_card_post_state", "card_post", ["state"])
    op.create_index("ix_card_post_subject", "card_post", ["subject_kind", "subject_id"])
    op.create_index("ix_card_post_workspace_id", "card_post", ["workspace_id"])


def _question() -> None:
    op.create_table(
        "question",
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("action", JSON, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("surface", "chat", name="pk_question"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_question_workspace_id"),
    )


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=True),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.Column("dismissed_at", TIME, nullable=True),
        sa.Column("solved_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_notice_member_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_notice_workspace_id"),
        sa.UniqueConstraint("workspace_id", "key", name="uq_notice_workspace_id_key"),
    )
    op.create_index("ix_notice_workspace_id", "notice", ["workspace_id"])


def _quota() -> None:
    op.create_table(
        "quota",
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", "day", name="pk_quota"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_quota_account_id"),
    )
