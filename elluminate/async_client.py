"""AsyncClient: every operation of the API, written once; Client derives its blocking twins from here."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

__all__ = [
    "AsyncClient",
    "CollectionDefaults",
    "CriterionSetDefaults",
    "LLMConfigDefaults",
    "PersonaDefaults",
    "PersonaGroupDefaults",
    "ScenarioSetDefaults",
]

from elluminate import _http
from elluminate._client_base import ClientBase, refused_with
from elluminate._config import Config, changed_config
from elluminate._operations.agent_results import AgentResultOperations
from elluminate._operations.api_keys import ApiKeyOperations
from elluminate._operations.audit import AuditOperations
from elluminate._operations.collections import CollectionDefaults
from elluminate._operations.criterion_sets import CriterionSetDefaults
from elluminate._operations.labels import LabelOperations
from elluminate._operations.llm_configs import LLMConfigDefaults
from elluminate._operations.personas import PersonaDefaults, PersonaGroupDefaults, PersonaOperations
from elluminate._operations.projects import ProjectOperations
from elluminate._operations.ratings import RatingOperations
from elluminate._operations.samples import SampleOperations
from elluminate._operations.scenario_sets import ScenarioSetDefaults, ScenarioSetOperations
from elluminate._operations.suites import SuiteOperations
from elluminate._session import Session


class AsyncClient(
    ClientBase,
    ProjectOperations,
    ApiKeyOperations,
    AuditOperations,
    SuiteOperations,
    LabelOperations,
    RatingOperations,
    ScenarioSetOperations,
    PersonaOperations,
    SampleOperations,
    AgentResultOperations,
):
    """The API, for asyncio and trio.

    It may be made anywhere, also at import time, and connects when first used. Use it with `async with`, or
    close it with `close()`. One client serves a whole application: any number of tasks, threads and event loops.

    Examples of methods are written for :class:`Client`: put `await` before the call, or `async` before the `for`.
    A method names the errors that are its own; what every request can meet is at :class:`Client`.

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
        http_client: Your own HTTP client, with its own timeouts, proxies and certificates instead of `timeout` and
            `proxy`: an `httpx.AsyncClient` (for `Client`, an `httpx.Client`). It is never closed here.

    Raises:
        ConfigurationError: There is no credential, or a value cannot be used.

    Example:
        >>> async with AsyncClient() as client:
        ...     template = await client.create_prompt_template("Explain", template="Explain {{concept}}.")
        ...     collection = await client.create_collection("Concepts", variables=[{"concept": "recursion"}])
        ...     experiment = await client.run_experiment(
        ...         "First try", template, collection, criteria=["Is it short?"]
        ...     )
    """

    def _open(self, config: Config) -> None:
        if config.http_client is not None:
            _http.checked_http_client(config.http_client, _http.OwnAsync)
        self.session = Session(config)

    @classmethod
    def _from_config(cls, config: Config) -> Self:
        """A client from settings that were checked before."""
        client = cls.__new__(cls)
        client.session = Session(config)
        return client

    def with_options(self, *, timeout: float | None = None, max_retries: int | None = None) -> Self:
        """A client that differs in how long and how often it tries, over the same connections.

        It costs next to nothing, so that it may be made for a single call. It lives as long as this client: closing
        it closes nothing.

        Args:
            timeout: Seconds that one read or write may take; None keeps this client's.
            max_retries: How often a failed request is repeated, 0 for never; None keeps this client's.

        Returns:
            The other client.

        Raises:
            ConfigurationError: A value cannot be used.

        Example:
            >>> experiment = await client.with_options(timeout=600).get_experiment(name="First try")
        """
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        config = changed_config(self.session.config, timeout=timeout, max_retries=max_retries)
        twin.session = Session(config, like=self.session)
        return twin

    async def __aenter__(self) -> Self:
        self.session.check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    if not TYPE_CHECKING:  # a type checker knows that there is no such method
        __enter__ = __exit__ = refused_with(
            "AsyncClient is used by `async with`; `with` is for Client, which has the same methods, blocking"
        )

    async def close(self) -> None:
        """Close all connections; the client cannot be used afterwards, what it returned can still be read."""
        await self.session.aclose()

    async def check_version(self) -> None:
        """Ask whether the server supports this client, and log a warning if it does not."""
        await self.session.check_version()
