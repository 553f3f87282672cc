"""Where programs written for other clients of this API look for :class:`RetryConfig`."""

from elluminate._retries import RetryConfig

__all__ = ["RetryConfig"]
