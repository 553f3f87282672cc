"""One client's connection, with bounds on what it may send and for how long it may keep the server waiting."""

from elluminate_server.connections.bounded import BoundedConnection, Bounds

__all__ = ["BoundedConnection", "Bounds", "connection_class"]


def connection_class() -> type[BoundedConnection]:
    """The protocol of the faster parser that is installed."""
    try:
        from elluminate_server.connections.read_by_httptools import HttpToolsConnection
    except ModuleNotFoundError as error:
        if error.name != "httptools":
            raise
        from elluminate_server.connections.read_by_h11 import H11Connection

        return H11Connection
    return HttpToolsConnection
