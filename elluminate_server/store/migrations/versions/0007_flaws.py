"""What is wrong with an answer, in place of why the model stopped, which its metadata tell; an index of what failed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if "flaw" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("responses")}:
        op.execute("ALTER TABLE responses RENAME COLUMN finish_reason TO flaw")
    op.execute(
        "UPDATE responses SET flaw = "
        "CASE flaw WHEN 'length' THEN 'truncated' WHEN 'content_filter' THEN 'refused' END "
        "WHERE flaw IS NOT NULL AND flaw NOT IN ('truncated', 'refused', 'empty')"
    )
    where = sa.text("(error IS NOT NULL OR rating_errors IS NOT NULL)")
    op.create_index(
        "ix_work_items_flawed", "work_items", ["task_id"], sqlite_where=where, postgresql_where=where
    )
