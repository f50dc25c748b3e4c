"""Workspaces, members, and how they get in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = (
    "workspace",
    "member",
    "setting",
    "identity",
    "one_time_code",
    "web_session",
)


def upgrade() -> None:
    _workspace()
    _member()
    _setting()
    _identity()
    _one_time_code()
    _web_session()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _workspace() -> None:
    op.create_table(
        "workspace",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_item", sa.Integer(), nullable=False),
        sa.Column("next_order", sa.Integer(), nullable=False),
        sa.Column("next_task", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspace"),
    )


def _member() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("channels", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_member"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_member_workspace_id"),
    )
    op.create_index("ix_member_workspace_id", "member", ["workspace_id"])


def _setting() -> None:
    op.create_table(
        "setting",
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_setting"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_setting_workspace_id"),
    )


def _identity() -> None:
    op.create_table(
        "identity",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_identity_member_id"),
        sa.UniqueConstraint("surface", "external_id", name="uq_identity_surface_external_id"),
    )
    op.create_index("ix_identity_member_id", "identity", ["member_id"])


def _one_time_code() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(32), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=True),
        sa.Column("grants", sa.String(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_one_time_code"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_one_time_code_member_id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name="fk_one_time_code_workspace_id"),
    )


def _web_session() -> None:
    op.create_table(
        "web_session",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_web_session"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_web_session_member_id"),
    )
    op.create_index("ix_web_session_member_id", "web_session", ["member_id"])
