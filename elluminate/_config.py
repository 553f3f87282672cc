"""Where a client talks to and as whom: from arguments, then from the environment."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from attrs import evolve, field, frozen

from elluminate._retries import RetryConfig
from elluminate._showing import quoted
from elluminate.exceptions import ConfigurationError

DEFAULT_BASE_URL = "https://app.elluminate.de"
LOCAL_SCHEME = "local:"


@frozen
class Config:
    """A client's settings, checked.

    Attributes:
        base_url: Origin of the server without a trailing slash, or `local:…`.
        api_key: Sent as `X-API-Key`; wins over `token`.
        token: Sent as `Authorization: Bearer`.
        project_id: The project to work in; None takes the one that the credentials reach.
        timeout: Seconds a single read or write may take.
        proxy: Proxy URL; an empty string ignores the environment's proxies; None follows them.
        fallback_to_newest: Take the newest of several reachable projects instead of refusing.
        skip_version_check: Do not ask the server whether it supports this client.
        retries: When and how often a request is repeated.
        http_client: The caller's own HTTP client, instead of one with the settings above.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    token: str | None = field(repr=False)
    project_id: int | None
    timeout: float
    proxy: str | None = field(repr=False)
    fallback_to_newest: bool
    skip_version_check: bool
    retries: RetryConfig
    http_client: Any = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the server runs inside this process."""
        return self.base_url.startswith(LOCAL_SCHEME)

    @property
    def auth_headers(self) -> dict[str, str]:
        """The one header that carries the credential."""
        if self.api_key:
            return {"X-API-Key": self.api_key}
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        return {}


def resolve_config(
    *,
    base_url: str | None,
    api_key: str | None,
    token: str | None,
    project_id: int | None,
    api_key_env: str,
    token_env: str,
    base_url_env: str,
    timeout: float,
    proxy: str | None,
    skip_version_check: bool,
    fallback_to_newest: bool,
    retries: RetryConfig | None,
    http_client: Any = None,
) -> Config:
    """Combine arguments and environment; an argument always wins.

    Raises:
        ConfigurationError: A value cannot be used, or there is no credential.
    """
    url = _checked_base_url(
        base_url if base_url is not None else os.environ.get(base_url_env) or DEFAULT_BASE_URL,
        source="base_url" if base_url is not None else base_url_env,
    )
    if api_key is None and token is None:
        api_key = os.environ.get(api_key_env) or None
        token = os.environ.get(token_env) or None
    for name, secret in (("api_key", api_key), ("token", token)):
        if secret is not None and not isinstance(secret, str):
            raise ConfigurationError(f"the {name} must be a string, not {type(secret).__name__}")
        if secret is not None and (
            not secret.isascii() or not secret.isprintable() or secret != secret.strip()
        ):
            raise ConfigurationError(
                f"the {name} holds characters that cannot be sent in a header (a line break or a blank from copying?)"
            )
    if not api_key and not token and not url.startswith(LOCAL_SCHEME):
        raise ConfigurationError(
            f"no credentials for {url}: pass api_key=… or token=…, or set {api_key_env} or {token_env}; "
            f"or set {base_url_env}=local: to run on this machine without an account"
        )
    timeout = _checked_timeout(timeout)
    if project_id is not None and (
        isinstance(project_id, bool) or not isinstance(project_id, int) or project_id < 1
    ):
        raise ConfigurationError(f"project_id must be a positive integer, not {quoted(project_id)}")
    return Config(
        base_url=url,
        api_key=api_key,
        token=token,
        project_id=project_id,
        timeout=timeout,
        proxy=proxy,
        fallback_to_newest=fallback_to_newest,
        skip_version_check=skip_version_check,
        retries=_checked_retries(retries),
        http_client=http_client,
    )


def _checked_retries(given: Any) -> RetryConfig:
    if given is None:
        return RetryConfig()
    if not isinstance(given, RetryConfig):
        raise ConfigurationError(
            f"retry_config must be a RetryConfig, as RetryConfig(max_attempts=5), not {quoted(given, 200)}"
        )
    return given


def changed_config(config: Config, *, timeout: float | None, max_retries: int | None) -> Config:
    """Settings that differ in how long and how often is tried; None keeps what is.

    Raises:
        ConfigurationError: A value cannot be used.
    """
    if timeout is not None:
        config = evolve(config, timeout=_checked_timeout(timeout))
    if max_retries is not None:
        if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
            raise ConfigurationError(f"max_retries must be an integer from 0, not {quoted(max_retries)}")
        config = evolve(config, retries=evolve(config.retries, max_attempts=max_retries + 1))
    return config


def _checked_timeout(timeout: float) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 86_400:
        raise ConfigurationError(f"timeout must be between 0 and 86,400 seconds, not {quoted(timeout)}")
    return float(timeout)


def _checked_base_url(url: str, *, source: str) -> str:
    example = "for example https://app.elluminate.de, http://127.0.0.1:8000 or local:"
    if not isinstance(url, str):
        raise ConfigurationError(f"{source} must be a string, {example}, not {quoted(url)}")
    if url.startswith(LOCAL_SCHEME):
        return url
    if "@" in url:  # checked first: no other message may show it
        raise ConfigurationError(
            f"{source} holds a user name or password; pass the credential as api_key or token"
        )
    shown = url.partition("?")[0].partition("#")[0]  # people put keys in queries
    try:
        parts = urlsplit(url.strip())
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ConfigurationError(f"{source} {shown!r} is not a URL ({error}); {example}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or " " in parts.netloc:
        raise ConfigurationError(f"{source} {shown!r} is not a base URL; {example}")
    if parts.query or parts.fragment:
        raise ConfigurationError(
            f"{source} {shown!r} has a query or a fragment, which a base URL has not; {example}"
        )
    path = parts.path.rstrip("/")
    if path.endswith("/api/v0"):  # a common slip: the prefix is the client's to add
        path = path.removesuffix("/api/v0")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
