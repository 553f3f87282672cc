"""AsyncClient: every operation of the API, written once; Client derives its blocking twins from here."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from elluminate_api import models as api

__all__ = ["AsyncClient", "CollectionDefaults", "CriterionSetDefaults", "LLMConfigDefaults"]

from elluminate._config import resolve_config
from elluminate._operations.collections import CollectionDefaults
from elluminate._operations.criterion_sets import CriterionSetDefaults
from elluminate._operations.experiments import ExperimentOperations
from elluminate._operations.llm_configs import LLMConfigDefaults, LLMConfigOperations
from elluminate._operations.prompt_templates import PromptTemplateOperations
from elluminate._operations.ratings import RatingOperations
from elluminate._retries import RetryConfig
from elluminate._session import Session


class AsyncClient(PromptTemplateOperations, LLMConfigOperations, ExperimentOperations, RatingOperations):
    """The API, for asyncio and trio.

    It may be made anywhere, also at import time, and connects when first used. Use it with `async with`, or
    close it with `close()`. One client serves a whole application: any number of tasks, threads and event loops.

    Args:
        base_url: Where the server is: `https://…`, `http://…`, or `local:`, `local:evals.db`, `local::memory:`
            for a server inside this process. Default: `ELLUMINATE_BASE_URL`, else the hosted platform.
        api_key: A project's API key. Default: `ELLUMINATE_API_KEY`.
        token: An OAuth access token, instead of a key. Default: `ELLUMINATE_OAUTH_TOKEN`.
        project_id: The project to work in, where a token reaches several.
        api_key_env: Name of the variable for `api_key`.
        token_env: Name of the variable for `token`.
        base_url_env: Name of the variable for `base_url`.
        timeout: Seconds that one read or write may take.
        proxy: Proxy URL; an empty string ignores the environment's proxy settings.
        skip_version_check: Do not ask the server whether it supports this client.
        fallback_to_newest: Take the newest project where a token reaches several.
        retry_config: When and how often requests are repeated.

    Raises:
        ConfigurationError: There is no credential, or a value cannot be used.

    Example:
        >>> async with AsyncClient() as client:
        ...     template = await client.create_prompt_template("Explain", template="Explain {{concept}}.")
        ...     collection = await client.create_collection("Concepts", variables=[{"concept": "recursion"}])
        ...     experiment = await client.run_experiment("First try", template, collection)
    """

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
    ) -> None:
        self._config = resolve_config(
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
        )
        self.session = Session(self._config, self)

    def __repr__(self) -> str:
        project = self.current_project
        where = f"project {project.id} {project.name!r}" if project else "not connected yet"
        return f"<{type(self).__name__} {self.base_url} ({where})>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; the client cannot be used afterwards, what it returned can still be read."""
        await self.session.aclose()

    # --- the client itself

    @property
    def base_url(self) -> str:
        """Where the server is, as it was given."""
        return self._config.base_url

    @property
    def api_key(self) -> str | None:
        """The API key in use."""
        return self._config.api_key

    @property
    def token(self) -> str | None:
        """The OAuth token in use."""
        return self._config.token

    @property
    def timeout(self) -> float:
        """Seconds that one read or write may take."""
        return self._config.timeout

    @property
    def proxy(self) -> str | None:
        """The proxy in use."""
        return self._config.proxy

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

    async def check_version(self) -> None:
        """Ask whether the server supports this client, and log a warning if it does not."""
        await self.session.check_version()
