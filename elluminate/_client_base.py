"""What Client and AsyncClient have in common: how they are made, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from elluminate_api import models as api

from elluminate import _http
from elluminate._calls import Explained, explained
from elluminate._config import Config, resolve_config
from elluminate._retries import RetryConfig
from elluminate._session import Session
from elluminate.exceptions import UsageError


class ClientBase(Explained):
    """A configured conversation with one server; the operations are the subclasses'."""

    session: Session

    @explained
    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        token: str | None = None,
        project_id: int | None = None,
        api_key_env: str = "ELLUMINATE_API_KEY",
        token_env: str = "ELLUMINATE_OAUTH_TOKEN",  # noqa: S107  # a variable's name, not a secret
        base_url_env: str = "ELLUMINATE_BASE_URL",
        timeout: float = 120.0,
        proxy: str | None = None,
        skip_version_check: bool = False,
        fallback_to_newest: bool = False,
        retry_config: RetryConfig | None = None,
        *,
        http_client: _http.OwnBlocking | _http.OwnAsync | None = None,
    ) -> None:
        self._open(
            resolve_config(
                base_url=base_url,
                api_key=api_key,
                token=token,
                project_id=project_id,
                api_key_env=api_key_env,
                token_env=token_env,
                base_url_env=base_url_env,
                timeout=timeout,
                proxy=proxy,
                skip_version_check=skip_version_check,
                fallback_to_newest=fallback_to_newest,
                retries=retry_config,
                http_client=http_client,
            )
        )

    def __repr__(self) -> str:
        project = self.current_project
        where = f"project {project.id} {project.name!r}" if project else "not connected yet"
        return f"<{type(self).__name__} {self.base_url} ({where})>"

    def _open(self, config: Config) -> None:
        """Make the session; the blocking client also connects."""
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """Where the server is, as it was given."""
        return self.session.config.base_url

    @property
    def api_key(self) -> str | None:
        """The API key in use."""
        return self.session.config.api_key

    @property
    def token(self) -> str | None:
        """The OAuth token in use."""
        return self.session.config.token

    @property
    def timeout(self) -> float:
        """Seconds that one read or write may take."""
        return self.session.config.timeout

    @property
    def proxy(self) -> str | None:
        """The proxy in use."""
        return self.session.config.proxy

    @property
    def projects(self) -> list[api.Project]:
        """The projects that the credentials reach; empty before the first call."""
        return self.session.projects

    @property
    def current_project(self) -> api.Project | None:
        """The project in use; None before the first call."""
        return self.session.current_project

    @property
    def project_route_prefix(self) -> str:
        """Path of the project in use, below the API's own prefix."""
        project = self.current_project
        return f"projects/{project.id}" if project else "projects"

    def get_info(self) -> str:
        """Where this client works, as a line of text without credentials."""
        return repr(self).strip("<>")


def refused_with(why: str) -> Callable[..., NoReturn]:
    """A method for the kind of `with` that a client does not have."""

    def refuse(*_: Any) -> NoReturn:
        raise UsageError(why)

    return refuse
