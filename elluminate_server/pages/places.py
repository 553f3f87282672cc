"""Where requests may come from: the names of this server, and its own pages.

A page of another site can have a browser send requests here, and by DNS rebinding even read the answers. So the name
that a browser thinks it talks to has to be one of ours, and a form has to come from a page of ours.
"""

from urllib.parse import urlsplit

from starlette.requests import Request

from elluminate_server.http.problems import Forbidden, Problem
from elluminate_server.settings import Settings

__all__ = ["WrongHost", "check_host", "check_origin"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class WrongHost(Problem):
    """The request is for another server."""

    status = 421


def check_host(request: Request, settings: Settings) -> None:
    """Let nothing pass but requests for a name of this server.

    Raises:
        WrongHost: They are for another one.
    """
    allowed = {name for name in settings.hosts.lower().split(",") if name}
    if not allowed and not settings.serves_this_machine_only:
        return
    host = _name_in(request.headers.get("host", ""))
    if host not in allowed and host not in _LOOPBACK:
        raise WrongHost(
            "This server does not go by that name. Open the address that it printed at its start; whoever runs it "
            "behind another name sets ELLUMINATE_HOSTS."
        )


def check_origin(request: Request) -> None:
    """Let nothing pass but what a page of this server sends.

    Raises:
        Forbidden: A page of another site sent it, or nothing tells where it comes from.
    """
    host = request.headers.get("host", "").lower()
    origin = request.headers.get("origin") or request.headers.get("referer") or ""
    if not host or urlsplit(origin).netloc.lower() != host:
        raise Forbidden("This form was not sent by a page of this server. Nothing was changed.")


def _name_in(host: str) -> str:
    """The name without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
