"""When a failed request is repeated, how long to wait before, and what is raised after the last attempt."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from attrs import define, field

from elluminate._showing import quoted
from elluminate.exceptions import (
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    RateLimitError,
    RedirectRefusedError,
    RequestTimeoutError,
    RetriedConnectionFailedError,
    RetriedRateLimitError,
    RetriedServerError,
    RetriedTimeoutError,
    RetriedTransportError,
    ServerError,
    TransportError,
)


def _at_least(bound: int, *, whole: bool = False) -> Callable[[Any, Any, Any], None]:
    def check(_config: Any, attribute: Any, value: Any) -> None:
        is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or value < bound:
            wanted = "a whole number" if whole else "a number"
            raise ConfigurationError(f"{attribute.name} must be {wanted} from {bound}, not {quoted(value)}")

    return check


@define
class RetryConfig:
    """How often and how patiently a request is repeated.

    Attributes:
        max_attempts: Requests in all, at least 1 (1: never repeat).
        min_wait: Seconds before the first repetition.
        max_wait: Seconds that no wait exceeds, a server's Retry-After included.
        multiplier: Factor from one wait to the next.
        retry_on_429: Repeat after 429, any method.
        retry_on_503: Repeat after 503, any method.
        retry_on_timeout: Repeat after timeouts and broken connections where that cannot do harm.

    Raises:
        ConfigurationError: A value is no number, or out of its bounds.
    """

    max_attempts: int = field(default=3, validator=_at_least(1, whole=True))
    min_wait: float = field(default=1.0, validator=_at_least(0))
    max_wait: float = field(default=30.0, validator=_at_least(0))
    multiplier: float = field(default=2.0, validator=_at_least(1))
    retry_on_429: bool = True
    retry_on_503: bool = True
    retry_on_timeout: bool = True

    def should_retry(self, exception: Exception, *, idempotent: bool = True) -> bool:
        """Whether a request that failed this way may be sent again.

        Args:
            exception: An exception of this package.
            idempotent: The request may safely reach the server twice: GET, PUT, DELETE (RFC 9110, 9.2.2), what
                the contract marks as repeatable, or a request with an Idempotency-Key that the server is known
                to honour.
        """
        if isinstance(exception, RateLimitError):
            return self.retry_on_429
        if isinstance(exception, ServerError) and exception.status_code == 503:
            return self.retry_on_503
        if isinstance(exception, ConflictError):
            # The server is still handling this request, as it arrived before, and will have an answer.
            return exception.retry_after is not None
        if isinstance(exception, ConnectionFailedError):
            return True
        if not leaves_open(exception):  # 500 is never repeated
            return False
        return idempotent and (self.retry_on_timeout or not isinstance(exception, TransportError))

    def wait_before(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait before a repetition.

        Args:
            attempt: 1 for the first repetition.
            retry_after: What the server asked for; used as it is, within 0 to `max_wait`.
        """
        if retry_after is not None:
            return min(max(retry_after, 0.0), self.max_wait)
        try:
            backoff = min(self.min_wait * self.multiplier ** (attempt - 1), self.max_wait)
        except OverflowError:  # after a thousand doublings
            backoff = self.max_wait
        # Half fixed, half random, so that clients which failed together do not come back together.
        return backoff * (0.5 + random.random() / 2)  # noqa: S311


def leaves_open(error: Exception) -> bool:
    """Whether a failure leaves open if the server acted: a gateway's answer, or none."""
    if isinstance(error, TransportError):
        return not isinstance(error, ConnectionFailedError | RedirectRefusedError)
    return isinstance(error, ServerError) and error.status_code in (502, 504)


def exhausted(error: Exception, attempts: int) -> Exception:
    """The error to raise after the last attempt: the failure itself, and how often it was met."""
    for kind, retried in (
        (RateLimitError, RetriedRateLimitError),
        (ServerError, RetriedServerError),
        (RequestTimeoutError, RetriedTimeoutError),
        (ConnectionFailedError, RetriedConnectionFailedError),
        (TransportError, RetriedTransportError),
    ):
        if isinstance(error, kind) and attempts > 1:
            combined = retried.__new__(retried)
            combined.__dict__.update(error.__dict__)
            combined.args = (f"{error} (after {attempts} attempts)",)
            combined.attempts, combined.last_exception = attempts, error
            return combined
    return error
