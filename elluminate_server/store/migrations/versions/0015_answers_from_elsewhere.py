"""Experiments whose answers are uploaded, so that no model is asked for any."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiments", sa.Column("answers_from_elsewhere", sa.Boolean(), nullable=True))
