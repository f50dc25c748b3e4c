"""A row a tick instead of a row a slot (42,000 a day); when a button was last shown, so that old ones can be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(
        "DELETE FROM clock_slot WHERE slot < (SELECT max(all_slots.slot) FROM clock_slot all_slots WHERE all_slots.job = clock_slot.job)"
    )
    _key_of_slots("job")
    with op.batch_alter_table("card_button") as table:
        table.alter_column("created_at", new_column_name="shown_at", existing_type=TIME, existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("card_button") as table:
        table.alter_column("shown_at", new_column_name="created_at", existing_type=TIME, existing_nullable=False)
    _key_of_slots("job", "slot")


def _key_of_slots(*columns: str) -> None:
    with op.batch_alter_table("clock_slot") as table:
        table.drop_constraint("pk_clock_slot", type_="primary")
        table.create_primary_key("pk_clock_slot", list(columns))
