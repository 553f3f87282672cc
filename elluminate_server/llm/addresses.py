"""Which addresses of model endpoints are asked at all: checked here, and nowhere else, before anything is sent."""

from urllib.parse import urlsplit

from elluminate_server.llm.types import ModelError

__all__ = ["check_address"]


def check_address(base_url: str) -> None:
    """Check the address of an endpoint.

    Raises:
        ModelError: It is not the address of an HTTP server, or holds what does not belong into a base URL.
    """
    try:
        address = urlsplit(base_url)
    except ValueError as error:
        raise ModelError(f"{base_url!r} is not the address of an endpoint: {error}.") from None
    if address.username is not None or address.query or address.fragment:
        raise ModelError(
            "The base URL of an endpoint holds no user name, password, query or fragment: put the key into "
            "the LLM config's api_key, and leave only the address in its base URL."
        )
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ModelError(
            f"{base_url!r} is not the address of an endpoint: a base URL starts with http:// or https://, "
            "for example https://llm.example/v1."
        )
    try:
        _ = address.port
    except ValueError as error:
        raise ModelError(f"{base_url!r} is not the address of an endpoint: {error}.") from None
