"""The moment whose criteria a response is judged by."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("responses", sa.Column("judged_as_of", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE responses SET judged_as_of = coalesce("
        "(SELECT max(tasks.created_at) FROM tasks JOIN work_items ON work_items.task_id = tasks.id "
        "WHERE work_items.response_id = responses.id AND tasks.kind = 'ratings'), "
        "(SELECT min(tasks.created_at) FROM tasks "
        "WHERE tasks.experiment_id = responses.experiment_id AND tasks.kind = 'experiment'))"
    )
