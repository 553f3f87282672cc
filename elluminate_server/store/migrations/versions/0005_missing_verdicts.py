"""Why models stopped and answers were not judged, when experiments were deleted, rows of unfinished uploads.

Answers to repeated requests may be kept compressed.

Each part is made where it is missing: databases of the development before this version have some of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    bind = op.get_bind()
    if "row_uploads" not in sa.inspect(bind).get_table_names():
        _create_row_uploads()
    integer = "INTEGER" if bind.dialect.name == "sqlite" else "BIGINT"
    for table, column, kind in _COLUMNS:
        if column not in {found["name"] for found in sa.inspect(bind).get_columns(table)}:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind.format(integer=integer)}")
    if "deleted_at" not in {found["name"] for found in sa.inspect(bind).get_columns("experiments")}:
        op.add_column("experiments", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    for name, table, column, condition in _INDEXES:
        if name not in {found["name"] for found in sa.inspect(bind).get_indexes(table)}:
            where = sa.text(condition)
            op.create_index(name, table, [column], unique=False, sqlite_where=where, postgresql_where=where)


def _create_row_uploads() -> None:
    op.create_table(
        "row_uploads",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("collection_id", _ID, nullable=False),
        sa.Column("is_new_collection", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name=op.f("fk_row_uploads_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_uploads")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_row_uploads_collection_id"), "row_uploads", ["collection_id"], unique=False)


_COLUMNS = (
    ("responses", "finish_reason", "TEXT"),
    (
        "entries",
        "upload_id",
        "{integer} CONSTRAINT fk_entries_upload_id REFERENCES row_uploads (id) ON DELETE CASCADE",
    ),
    ("idempotency_keys", "is_compressed", "BOOLEAN DEFAULT FALSE NOT NULL"),
)

_INDEXES = (
    ("ix_work_items_not_judged", "work_items", "response_id", "rating_errors IS NOT NULL"),
    ("ix_entries_upload", "entries", "upload_id", "upload_id IS NOT NULL"),
)
