"""Secret keys as they are given and kept: what may be one."""

import re

__all__ = ["secret_key_texts"]

_TEXT = re.compile(r"[\x21-\x2b\x2d-\x7e]{32,512}")  # a comma stands between two of them


def secret_key_texts(given: str) -> list[str]:
    """The secret keys in a text: one, or several with commas between them.

    Raises:
        ValueError: One of them is none. The message is the rest of a sentence, and does not hold it.

    >>> secret_key_texts("0123456789-0123456789-0123456789, ")
    ['0123456789-0123456789-0123456789']
    """
    texts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(_TEXT.fullmatch(text) for text in texts):
        raise ValueError(
            "must be 32 to 512 visible ASCII characters without blanks, several with commas between them (value not "
            'shown). Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return texts
