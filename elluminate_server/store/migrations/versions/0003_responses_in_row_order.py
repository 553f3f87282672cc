"""An index in the order in which responses are listed; it replaces one that was its beginning."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_responses_row_order",
        "responses",
        ["experiment_id", "entry_id", "epoch", "persona_version_id", "id"],
        unique=False,
    )
    op.drop_index("ix_responses_experiment_rows", "responses")
