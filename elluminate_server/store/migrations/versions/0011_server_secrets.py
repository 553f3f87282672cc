"""With which secret key the database's secrets are sealed; they are sealed when the server starts next."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "server_secrets",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_secrets")),
        sa.UniqueConstraint("name", name=op.f("uq_server_secrets_name")),
        sqlite_autoincrement=True,
    )
    bind = op.get_bind()
    if bind.dialect.name == "sqlite" and bind.scalar(
        sa.text("SELECT 1 FROM sqlite_sequence WHERE name = 'llm_configs'")
    ):
        # Keys of configs that were deleted are left in free pages of the file: it is to be rewritten.
        op.execute("INSERT INTO server_secrets (name, key_id) VALUES ('remains in the file', '')")
