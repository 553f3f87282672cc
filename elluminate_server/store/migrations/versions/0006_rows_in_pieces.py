"""Rows of unfinished uploads; answers to repeated requests may be kept compressed.

Each part is made where it is missing: databases of the development before this version have some of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    bind = op.get_bind()
    found = sa.inspect(bind)
    if "row_uploads" not in found.get_table_names():
        _create_row_uploads()
    integer = "INTEGER" if bind.dialect.name == "sqlite" else "BIGINT"
    for table, column, kind in _COLUMNS:
        if column not in {existing["name"] for existing in found.get_columns(table)}:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind.format(integer=integer)}")
    if "deleted_at" not in {existing["name"] for existing in found.get_columns("experiments")}:
        op.add_column("experiments", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    if "ix_entries_upload" not in {index["name"] for index in found.get_indexes("entries")}:
        where = sa.text("upload_id IS NOT NULL")
        op.create_index(
            "ix_entries_upload",
            "entries",
            ["upload_id"],
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )


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
    (
        "entries",
        "upload_id",
        "{integer} CONSTRAINT fk_entries_upload_id REFERENCES row_uploads (id) ON DELETE CASCADE",
    ),
    ("idempotency_keys", "is_compressed", "BOOLEAN DEFAULT FALSE NOT NULL"),
)
