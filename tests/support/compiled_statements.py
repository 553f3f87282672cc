"""Statements compiled once for all databases of a process of tests.

A server compiles each of its statements once in its life; tests, most of which have a server of their own, would do so
again and again, for a third of their time.
"""

from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

__all__ = ["share_compiled_statements"]

_MOST = 5_000


def _type_hash(dialect: DefaultDialect) -> int:
    return hash(type(dialect))


def share_compiled_statements() -> None:
    """Have engines use each other's statements, where their dialect is the same; for the rest of the process.

    SQLAlchemy keeps them by engine, and by the identity of its dialect; but all engines of the server have the same
    options.
    """
    compiled: LRUCache[object, object] = LRUCache(_MOST)
    Engine._compiled_cache = property(lambda _: compiled, lambda *_: None)  # type: ignore[assignment]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = _type_hash  # type: ignore[assignment,method-assign]
