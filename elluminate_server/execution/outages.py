"""Tells a database that is away for the moment from a fault: runs wait for the one, and fail by the other."""

from sqlalchemy.exc import DBAPIError, OperationalError

from elluminate_server.store.engine import BusyError

__all__ = ["is_outage", "reason_of"]

_PASSING = ("08", "40", "53", "57", "58")
"""Classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection exception,
transaction rollback (a deadlock), insufficient resources, operator intervention (a restart), system error."""


def is_outage(error: BaseException) -> bool:
    """Whether the database was busy or could not be reached, which says nothing about what was asked of it.

    What was being written may be there or not; only the rows tell.
    """
    if isinstance(error, BusyError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    # psycopg's errors have the attribute; it is None when no connection could be made. SQLite's have none.
    state = getattr(error.orig, "sqlstate", "")
    return isinstance(error, OperationalError) and (state is None or state.startswith(_PASSING))


def reason_of(error: BaseException) -> str:
    """The outage in one line, without the statement that met it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().partition("\n")[0]
