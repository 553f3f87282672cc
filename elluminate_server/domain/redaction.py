"""Secrets in other people's words: cut out of what an endpoint or a server has said, and nothing else with them."""

__all__ = ["SHORTEST_SECRET", "redacted"]

SHORTEST_SECRET = 8
"""What is shorter only stands where a key is asked for ("k", "none"), and would be cut out of ordinary words."""


def redacted(text: str, secret: str | None, by: str) -> str:
    """The text without the secret, wherever that stands.

    Args:
        text: What was said.
        secret: The key; None, or one of less than 8 characters, changes nothing.
        by: What stands in its place.

    >>> redacted("the key sk-abc123 may not", "sk-abc123", "[key]")
    'the key [key] may not'
    >>> redacted("nonetheless unknown", "none", "[key]")
    'nonetheless unknown'
    """
    return text if secret is None or len(secret) < SHORTEST_SECRET else text.replace(secret, by)
