"""How Alembic reaches the database: over the connection that the store hands it."""

from typing import Any

from alembic import context

from elluminate_server.store.columns import UtcDateTime
from elluminate_server.store.tables import Base


def render_item(kind: str, item: Any, _context: Any) -> Any:
    """Write our types as what they are in the database, so that old migrations outlive them."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter most things in place; there, changes copy the table.
    render_as_batch=True,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
