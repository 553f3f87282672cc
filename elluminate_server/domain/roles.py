"""What a key may do, by its role: each role may do what those before it may."""

__all__ = ["ADMIN", "EDITOR", "READER", "ROLES", "allows", "with_article"]

READER, EDITOR, ADMIN = ROLES = ("reader", "editor", "admin")
"""The lowest first."""


def allows(role: str, needed: str) -> bool:
    """Whether a key of a role may do what takes another one.

    >>> allows("admin", "editor"), allows("reader", "editor")
    (True, False)
    """
    return ROLES.index(role) >= ROLES.index(needed)


def with_article(role: str) -> str:
    """The role in a sentence.

    >>> with_article("reader"), with_article("editor")
    ('a reader', 'an editor')
    """
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
