"""What is read of an HTTP answer, whichever library brought it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import msgspec

_KEPT_CHARACTERS = 10_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class Asked(Protocol):
    """The request that an answer belongs to."""

    @property
    def method(self) -> str:
        """HTTP method."""
        ...

    @property
    def url(self) -> object:
        """Where it went; `str()` of it is the URL."""
        ...


class Answer(Protocol):
    """An answer of the HTTP library, as far as errors are made of it."""

    @property
    def status_code(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, whatever their case."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def text(self) -> str:
        """The body as text."""
        ...

    @property
    def request(self) -> Asked:
        """What was asked."""
        ...


def kept_text(answer: Answer) -> str:
    """As much of an answer's text as an error keeps: 10,000 characters."""
    return answer.text[:_KEPT_CHARACTERS]


def json_of(answer: Answer) -> Any:
    """The decoded JSON body, None when it is not JSON."""
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def message_of(answer: Answer) -> str:
    """Why the server refused: its `detail`, else the answer's text, else what the status means."""
    decoded = json_of(answer)
    detail: Any = decoded.get("detail") if isinstance(decoded, dict) else None
    return _as_text(detail) if detail else kept_text(answer).strip() or _meaning_of(answer.status_code)


def _meaning_of(status: int) -> str:
    from http import HTTPStatus  # which importing the package does without

    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    hint = ". Check ELLUMINATE_API_KEY and the address" if status == HTTPStatus.UNAUTHORIZED else ""
    return f"HTTP {status}{phrase}, without a word of why{hint}"


def _as_text(detail: Any) -> str:
    """A `detail` as text; the list form of validation errors becomes one line per problem."""
    if isinstance(detail, list):
        return "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            if isinstance(item, dict) and "loc" in item and "msg" in item
            else str(item)
            for item in detail
        )
    return str(detail)


def request_id_of(answer: Answer) -> str | None:
    """How the server's log names the request, by its `X-Request-ID`; None where it tells none of that form."""
    value = answer.headers.get("x-request-id", "")
    return value if _REQUEST_ID.fullmatch(value) else None


def retry_after_of(answer: Answer, now: datetime.datetime | None = None) -> float | None:
    """Seconds of a `Retry-After` header (RFC 9110, 10.2.3): a number or an HTTP date; None if unusable."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        seconds = (moment - (now or datetime.datetime.now(datetime.UTC))).total_seconds()
    return seconds if seconds == seconds and abs(seconds) != float("inf") else None
