"""The error every broken rule raises, so that one handler can turn all of them into a 4xx answer."""

__all__ = ["DomainError"]


class DomainError(ValueError):
    """A rule of the domain was broken by what the user sent; the message is meant for that user."""
