"""Sessions of browsers: a signed cookie that names a key, which is looked up with every request.

The cookie holds the key's id and project and when it was made, never the key. So it is over when the key is revoked,
and 12 hours after it began. It is signed with what API keys are digested with, which all servers on a database share;
that of a server inside a process with that process's key, and so ends with it.
"""

import hashlib
import hmac
import re
import secrets
import time

import attrs
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from elluminate_server.http.access import Principal, principal_of_key
from elluminate_server.http.problems import Forbidden
from elluminate_server.settings import Settings
from elluminate_server.store.sealing import pepper_of

__all__ = ["LIFETIME", "Session", "begin", "end", "find"]

LIFETIME = 12 * 60 * 60
"""Seconds."""

_FORM = re.compile(r"1\.(\d{1,16})\.(\d{1,16})\.(\d{1,12})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})", re.ASCII)
_PROCESS = 0
"""In the place of a key's id: the key of a server inside a process."""


@attrs.frozen
class Session:
    """One browser's.

    Attributes:
        principal: The key that it was begun with, as that is now.
        nonce: What tells it from others.
        token: What its forms carry.
    """

    principal: Principal
    nonce: str = attrs.field(repr=False)
    token: str = attrs.field(repr=False)

    def check(self, token: str) -> None:
        """Let nothing pass but what a form of this session carries.

        Raises:
            Forbidden: It is another token.
        """
        if not hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.token.encode()):
            raise Forbidden(
                "This form is out of date. Nothing was changed: load its page again, and send it once more."
            )


async def begin(
    request: Request, response: Response, session: AsyncSession, settings: Settings, principal: Principal
) -> None:
    """Put the cookie of a new session into an answer."""
    key_id = _PROCESS if principal.key_id is None else principal.key_id
    secret = await _secret(session, settings, key_id)
    if secret is None:
        raise RuntimeError("a principal has a stored key, or that of the process")
    signed = f"1.{key_id}.{principal.project_id}.{int(time.time())}.{secrets.token_urlsafe(16)}"
    response.set_cookie(
        _name(request),
        f"{signed}.{_mac(secret, 'session', signed)}",
        max_age=LIFETIME,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def end(request: Request, response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(
        _name(request), secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )


async def find(request: Request, session: AsyncSession, settings: Settings) -> Session | None:
    """The session of a request, with its key as it is now; None where there is none, or it is over."""
    cookie = request.cookies.get(_name(request), "")
    found = _FORM.fullmatch(cookie)
    if found is None:
        return None
    key_id, project_id, begun, nonce, mac = int(found[1]), int(found[2]), int(found[3]), found[4], found[5]
    secret = await _secret(session, settings, key_id)
    signed = cookie.rpartition(".")[0]
    if secret is None or not hmac.compare_digest(mac, _mac(secret, "session", signed)):
        return None
    if not 0 <= time.time() - begun < LIFETIME:
        return None
    principal = await principal_of_key(session, None if key_id == _PROCESS else key_id)
    if principal is None or principal.project_id != project_id:
        return None
    return Session(principal, nonce, _mac(secret, "form", nonce))


async def _secret(session: AsyncSession, settings: Settings, key_id: int) -> bytes | None:
    if key_id == _PROCESS:
        return None if settings.process_key is None else settings.process_key.encode()
    return await pepper_of(session)


def _mac(secret: bytes, purpose: str, text: str) -> str:
    return hmac.new(secret, f"elluminate pages, {purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def _name(request: Request) -> str:
    """Servers on one machine share their cookies, whatever their ports: so each has a name of its own."""
    return f"elluminate_session_{request.url.port or 'default'}"
