"""Labels of people; and verdicts that later ones have replaced, which a trigger keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_KEPT = ("response_id", "criterion_id", "rating", "reasoning", "generation_metadata", "created_at")

_KEEP = (
    f"INSERT INTO earlier_ratings (experiment_id, {', '.join(_KEPT)}, rating_version, replaced_at) "
    f"SELECT responses.experiment_id, {', '.join(f'OLD.{name}' for name in _KEPT)}, experiments.rating_version, "
    "NEW.created_at FROM responses JOIN experiments ON experiments.id = responses.experiment_id "
    "WHERE responses.id = OLD.response_id"
)


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("experiment_id", _ID, nullable=False),
        sa.Column("response_id", _ID, nullable=False),
        sa.Column("criterion_id", _ID, nullable=False),
        sa.Column("labeller", _ID, nullable=False),
        sa.Column("key_name", sa.String(255), nullable=False),
        sa.Column("value", sa.String(6), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("value IN ('YES', 'NO', 'UNSURE')", name=op.f("ck_labels_value")),
        *_references("labels"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_labels_of_key",
        "labels",
        ["response_id", "criterion_id", "labeller"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "earlier_ratings",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("experiment_id", _ID, nullable=False),
        sa.Column("response_id", _ID, nullable=False),
        sa.Column("criterion_id", _ID, nullable=False),
        sa.Column("rating", sa.String(3), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("generation_metadata", sa.JSON(), nullable=True),
        sa.Column("rating_version", sa.String(255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        *_references("earlier_ratings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_ratings")),
        sqlite_autoincrement=True,
    )
    for table in ("labels", "earlier_ratings"):
        for column in ("experiment_id", "response_id", "criterion_id"):
            op.create_index(f"ix_{table}_{column}", table, [column])
    # Of one verdict that is written twice, because it was not known whether the first time was committed, there is none.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER keep_earlier_ratings AFTER UPDATE ON ratings "
            f"WHEN OLD.created_at <> NEW.created_at BEGIN {_KEEP}; END"
        )
    else:
        op.execute(
            "CREATE FUNCTION keep_earlier_ratings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_KEEP}; RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER keep_earlier_ratings AFTER UPDATE ON ratings FOR EACH ROW "
            "WHEN (OLD.created_at <> NEW.created_at) EXECUTE FUNCTION keep_earlier_ratings()"
        )


def _references(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            [f"{name}_id"], [f"{target}.id"], name=op.f(f"fk_{table}_{name}_id"), ondelete=on_delete
        )
        for name, target, on_delete in (
            ("experiment", "experiments", "CASCADE"),
            ("response", "responses", "CASCADE"),
            ("criterion", "criteria", None),
        )
    ]
