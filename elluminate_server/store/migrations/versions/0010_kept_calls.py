"""Answers of models that are kept to be taken again, and experiments that take them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("experiments", sa.Column("cache_seconds", _ID, nullable=True))
    op.add_column("responses", sa.Column("cached", sa.Boolean(), nullable=True))
    op.create_table(
        "kept_calls",
        sa.Column("project_id", _ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key", name=op.f("pk_kept_calls")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_kept_calls_project_id_projects"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_kept_calls_created_at"), "kept_calls", ["created_at"])
