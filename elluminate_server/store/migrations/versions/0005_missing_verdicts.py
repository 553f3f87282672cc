"""Why a model stopped, an index of the reasons why answers were not judged, and when an experiment was deleted.

Each part is made where it is missing: databases of the development before this version have some of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    if "finish_reason" not in {column["name"] for column in found.get_columns("responses")}:
        op.execute("ALTER TABLE responses ADD COLUMN finish_reason TEXT")
    if "deleted_at" not in {column["name"] for column in found.get_columns("experiments")}:
        op.add_column("experiments", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    if "ix_work_items_not_judged" not in {index["name"] for index in found.get_indexes("work_items")}:
        op.create_index(
            "ix_work_items_not_judged",
            "work_items",
            ["response_id"],
            unique=False,
            sqlite_where=sa.text("rating_errors IS NOT NULL"),
            postgresql_where=sa.text("rating_errors IS NOT NULL"),
        )
