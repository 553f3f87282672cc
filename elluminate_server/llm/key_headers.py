"""Where the providers read a key from."""

from collections.abc import Callable, Mapping

__all__ = ["KeyHeaders", "anthropic_key", "azure_key", "bearer", "fits_a_header", "no_header"]

KeyHeaders = Callable[[str], Mapping[str, str]]
"""Puts a key into the headers that a provider reads it from."""


def fits_a_header(key: str) -> bool:
    """Whether a key can be sent: visible ASCII characters alone."""
    return key.isascii() and key.isprintable() and " " not in key


def bearer(key: str) -> Mapping[str, str]:
    """The header of OpenAI's API and all that follow it."""
    return {"Authorization": f"Bearer {key}"}


def azure_key(key: str) -> Mapping[str, str]:
    """The header of Azure OpenAI."""
    return {"api-key": key}


def anthropic_key(key: str) -> Mapping[str, str]:
    """The header of Anthropic's API."""
    return {"x-api-key": key}


def no_header(key: str) -> Mapping[str, str]:
    """None: the provider puts it where its config says."""
    return {}
