"""Which addresses of model endpoints are asked at all: checked here, and nowhere else, before anything is sent."""

import re
from urllib.parse import urlsplit

from elluminate_server.llm.types import ModelError

__all__ = ["check_address"]


def check_address(base_url: str, *, key_goes_to: str = "the LLM config's api_key") -> None:
    """Check the address of an endpoint.

    Args:
        base_url: The address.
        key_goes_to: Where a key belongs that is in the address.

    Raises:
        ModelError: It is not the address of an HTTP server, or holds what does not belong into a base URL. Of a user
            name, a password, a query or a fragment nothing is in the message.
    """
    shown = repr(_without_secrets(base_url))
    try:
        address = urlsplit(base_url)
    except ValueError:  # its words may hold a password
        raise ModelError(f"{shown} is not the address of an endpoint: it cannot be read as a URL.") from None
    if address.username is not None or address.query or address.fragment:
        raise ModelError(
            f"The base URL of an endpoint holds no user name, password, query or fragment, and {shown} was given with "
            f"one: put the key into {key_goes_to}, and leave only the address in its base URL."
        )
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ModelError(
            f"{shown} is not the address of an endpoint: a base URL starts with http:// or https://, "
            "for example https://llm.example/v1."
        )
    try:
        _ = address.port
    except ValueError:
        raise ModelError(
            f"{shown} is not the address of an endpoint: its port is no number from 0 to 65535."
        ) from None


def _without_secrets(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{re.split('[?#]', rest.rpartition('@')[2])[0]}"
