"""Work that several processes share: who holds which item, and how many calls an endpoint gets from whom."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_IS_FREE = sa.text("holder IS NULL AND state <> 'done'")
_IS_HELD = sa.text("holder IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "task_shares",
        sa.Column("task_id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("has_progressed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_shares_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "owner", name=op.f("pk_task_shares")),
    )
    op.add_column("tasks", sa.Column("is_open", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tasks", sa.Column("ended_by", sa.Text(), nullable=True))
    op.add_column("work_items", sa.Column("holder", sa.String(64), nullable=True))
    # Before, it said how often an item was answered.
    op.execute("UPDATE work_items SET attempts = 0 WHERE state <> 'done' AND attempts <> 0")
    op.create_index(
        "ix_work_items_free",
        "work_items",
        ["task_id", "attempts", "id"],
        sqlite_where=_IS_FREE,
        postgresql_where=_IS_FREE,
    )
    op.create_index(
        "ix_work_items_held", "work_items", ["holder"], sqlite_where=_IS_HELD, postgresql_where=_IS_HELD
    )
    op.create_table(
        "call_places",
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("resource", "owner", name=op.f("pk_call_places")),
    )
