"""Results of experiments that are over, kept until something changes that they were computed from.

The database drops them itself, whatever it is changed by: triggers on all that results are made of.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ITS_OWN = "SELECT {row}.experiment_id"
_OF_RESPONSE = "SELECT experiment_id FROM responses WHERE id = {row}.response_id"
_OF_COLLECTION = "SELECT id FROM experiments WHERE collection_id = {row}.collection_id"
_OF_SET = "SELECT id FROM experiments WHERE criterion_set_id = {row}.criterion_set_id"
_ITSELF = "SELECT {row}.id"

_ALL = ("INSERT", "UPDATE", "DELETE")
_SOURCES = (
    ("responses", _ALL, _ITS_OWN),
    ("agent_tasks", _ALL, _ITS_OWN),
    ("ratings", _ALL, _OF_RESPONSE),
    ("work_items", _ALL, _OF_RESPONSE),
    ("tasks", ("UPDATE OF status", "DELETE"), _ITS_OWN),
    ("experiments", ("UPDATE OF generation_task_id, started_at, finished_at, criterion_set_id",), _ITSELF),
    ("entries", ("UPDATE OF deleted_at", "DELETE"), _OF_COLLECTION),
    ("criteria", _ALL, _OF_SET),
)


def upgrade() -> None:
    op.create_table(
        "kept_results",
        sa.Column("experiment_id", _ID, autoincrement=False, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_kept_results_experiment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", name=op.f("pk_kept_results")),
    )
    write = _on_sqlite if op.get_bind().dialect.name == "sqlite" else _on_postgresql
    for table, events, which in _SOURCES:
        for event in events:
            write(table, event, which)


def _on_sqlite(table: str, event: str, which: str) -> None:
    row = "OLD" if event == "DELETE" else "NEW"
    op.execute(
        f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} BEGIN "
        f"DELETE FROM kept_results WHERE experiment_id IN ({which.format(row=row)}); END"
    )


def _on_postgresql(table: str, event: str, which: str) -> None:
    # Once for each statement, however many rows it changes. With transition tables an UPDATE cannot name its columns.
    what, row = event.split()[0], "changed"
    rows = "OLD" if what == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {_name(table, event)}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"DELETE FROM kept_results WHERE experiment_id IN "
        f"(SELECT found.* FROM {row}, LATERAL ({which.format(row=row)}) AS found); RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {_name(table, event)} AFTER {what} ON {table} "
        f"REFERENCING {rows} TABLE AS {row} FOR EACH STATEMENT EXECUTE FUNCTION {_name(table, event)}()"
    )


def _name(table: str, event: str) -> str:
    return f"drop_results_of_{table}_{event.split()[0].lower()}"
