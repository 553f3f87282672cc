"""Criteria that a rule decides, and who gave a verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("criteria", sa.Column("rule", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("ratings", sa.Column("origin", sa.String(16), nullable=True))
