"""What judging took: tokens and price of each verdict. Results that are kept do not tell of it, so they are dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("ratings", sa.Column("input_tokens", _ID, nullable=True))
    op.add_column("ratings", sa.Column("output_tokens", _ID, nullable=True))
    op.add_column("ratings", sa.Column("cost_usd", sa.Float(), nullable=True))
    of_metadata = "json_extract(generation_metadata, '$.{name}')"
    if op.get_bind().dialect.name == "postgresql":
        of_metadata = "CAST(generation_metadata ->> '{name}' AS bigint)"
    numbers = {name: of_metadata.format(name=name) for name in ("input_tokens", "output_tokens")}
    values = ", ".join(f"{name} = {number}" for name, number in numbers.items())
    op.execute(f"UPDATE ratings SET {values} WHERE generation_metadata IS NOT NULL")
    op.execute("DELETE FROM kept_results")
