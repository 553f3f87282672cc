"""Refusals: what was wrong, with which status it is answered."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "BadRequest",
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotBuilt",
    "NotFound",
    "Problem",
    "Taken",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "quoted",
]


class Problem(Exception):
    """An answer that refuses; raise a subclass anywhere below a handler.

    Args:
        detail: What was wrong, with the value, and the way out; for the user.
        extra: Further keys of the body beside `detail`.
        headers: Further headers.
        in_browser: The same for who reads it on a page, where the detail names methods and parameters.
    """

    status = 500

    def __init__(
        self,
        detail: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        in_browser: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.in_browser = in_browser
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """The contract's `ErrorBody`."""
        return {"detail": self.detail, **self.extra}


class BadRequest(Problem):
    """The request cannot be read, or asks for something that cannot be done."""

    status = 400


class Unauthorized(Problem):
    """No key, or a wrong one."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """The key is good, but not for this."""

    status = 403


class NotFound(Problem):
    """Nothing of that id in this project.

    Args:
        kind: What was looked for, for example `collection`.
        ids: Id, or ids, that were not found.
    """

    status = 404

    def __init__(self, kind: str, ids: int | str | Sequence[int]) -> None:
        if isinstance(ids, int | str):
            named = str(ids)
        else:
            named = ", ".join(str(identifier) for identifier in ids[:10]) + (", …" if len(ids) > 10 else "")
        super().__init__(
            f"There is no {kind} {named} in this project. Check the id: what was deleted, or belongs to another "
            "project, is not found."
        )


class Conflict(Problem):
    """It exists already, or its state does not allow this."""

    status = 409


class Taken(Conflict):
    """The name belongs to another one of its kind.

    Args:
        kind: What has the name, with its article: "a persona".
        name: The name.
        identifier: Id of what has it.
        owner: Where names are unique.
        advice: A sentence on the way out, where there is a better one.
        status: What the contract has for it, where that is not 409.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        identifier: int,
        *,
        owner: str = "project",
        advice: str = "",
        status: int = Conflict.status,
    ) -> None:
        super().__init__(
            f"The {owner} has {kind} named {name!r} already (id {identifier}). "
            + (advice or "Use that one, or choose another name.")
        )
        self.status = status


class TooLarge(Problem):
    """The body is larger than allowed."""

    status = 413


class Invalid(Problem):
    """The content breaks the contract or a rule."""

    status = 422


class NotBuilt(Problem):
    """The contract has it, this server does not yet."""

    status = 501


class Unavailable(Problem):
    """Nothing was done; the same request may succeed later.

    Args:
        detail: Why.
        retry_after: Seconds to wait.
    """

    status = 503

    def __init__(self, detail: str, *, retry_after: float = 1) -> None:
        super().__init__(detail, headers={"Retry-After": f"{retry_after:g}"})


def quoted(value: Any, limit: int = 100) -> str:
    """A value for a message: its repr, cut to `limit` characters.

    >>> quoted("a" * 20, limit=8)
    "'aaaaaa…"
    """
    # The beginning is enough: a message must not carry megabytes, nor take their time.
    text = repr(value[: limit + 1] if isinstance(value, str) else value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
