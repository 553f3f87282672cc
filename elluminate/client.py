"""Client: the same operations as AsyncClient, blocking."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from elluminate._blocking import blocking_on_client as blocking
from elluminate._blocking import iterating_on_client as iterating
from elluminate._client_base import ClientBase, refused_with
from elluminate._config import Config
from elluminate._transport import run_blocking
from elluminate.async_client import AsyncClient, CollectionDefaults, CriterionSetDefaults, LLMConfigDefaults

__all__ = ["Client", "CollectionDefaults", "CriterionSetDefaults", "LLMConfigDefaults"]


class Client(ClientBase):
    """The API, blocking: in scripts, threads and notebook cells, also inside a running event loop.

    It connects when it is made, so that a wrong address or key shows at once. Arguments, methods and errors are
    those of :class:`AsyncClient`; one client may be shared by any number of threads.

    A method names the errors that are its own. Any of them may also raise what every request can meet:
    AuthenticationError, PermissionDeniedError, RateLimitError, ServerError, InvalidResponseError, TransportError
    (ConnectionFailedError, RequestTimeoutError), and ClientClosedError after `close()`.

    Raises:
        ConfigurationError: There is no credential, or a value cannot be used.
        AuthenticationError: The credential is refused.
        TransportError: The server cannot be reached.

    Example:
        >>> client = Client(base_url="local:evals.db")
        >>> template = client.create_prompt_template("Explain", template="Explain {{concept}}.")
    """

    def _open(self, config: Config) -> None:
        self._operations = AsyncClient._from_config(config)
        self.session = self._operations.session
        try:
            run_blocking(self.session.start())
        except BaseException:
            run_blocking(self.session.aclose())
            raise

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
            >>> experiment = client.with_options(timeout=600).get_experiment(name="First try")
        """
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._operations = self._operations.with_options(timeout=timeout, max_retries=max_retries)
        twin.session = twin._operations.session
        return twin

    def __enter__(self) -> Self:
        self.session.check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    if not TYPE_CHECKING:  # a type checker knows that there is no such method
        __aenter__ = __aexit__ = refused_with(
            "Client is used by `with`; `async with` is for AsyncClient, which has the same methods, to be awaited"
        )

    close = blocking(AsyncClient.close)
    check_version = blocking(AsyncClient.check_version)

    create_project = blocking(AsyncClient.create_project)
    list_projects = blocking(AsyncClient.list_projects)
    select_project = blocking(AsyncClient.select_project)

    create_api_key = blocking(AsyncClient.create_api_key)
    list_api_keys = blocking(AsyncClient.list_api_keys)
    revoke_api_key = blocking(AsyncClient.revoke_api_key)
    list_audit_events = blocking(AsyncClient.list_audit_events)
    iter_audit_events = iterating(AsyncClient.iter_audit_events)

    create_prompt_template = blocking(AsyncClient.create_prompt_template)
    get_prompt_template = blocking(AsyncClient.get_prompt_template)
    get_or_create_prompt_template = blocking(AsyncClient.get_or_create_prompt_template)
    list_prompt_templates = blocking(AsyncClient.list_prompt_templates)
    iter_prompt_templates = iterating(AsyncClient.iter_prompt_templates)
    delete_prompt_template = blocking(AsyncClient.delete_prompt_template)

    create_collection = blocking(AsyncClient.create_collection)
    get_collection = blocking(AsyncClient.get_collection)
    get_or_create_collection = blocking(AsyncClient.get_or_create_collection)
    list_collections = blocking(AsyncClient.list_collections)
    iter_collections = iterating(AsyncClient.iter_collections)
    update_collection = blocking(AsyncClient.update_collection)
    delete_collection = blocking(AsyncClient.delete_collection)

    create_criterion_set = blocking(AsyncClient.create_criterion_set)
    get_criterion_set = blocking(AsyncClient.get_criterion_set)
    get_or_create_criterion_set = blocking(AsyncClient.get_or_create_criterion_set)
    list_criterion_sets = blocking(AsyncClient.list_criterion_sets)
    delete_criterion_set = blocking(AsyncClient.delete_criterion_set)

    create_llm_config = blocking(AsyncClient.create_llm_config)
    get_llm_config = blocking(AsyncClient.get_llm_config)
    get_or_create_llm_config = blocking(AsyncClient.get_or_create_llm_config)
    list_llm_configs = blocking(AsyncClient.list_llm_configs)
    delete_llm_config = blocking(AsyncClient.delete_llm_config)

    create_experiment = blocking(AsyncClient.create_experiment)
    run_experiment = blocking(AsyncClient.run_experiment)
    stream_experiment = iterating(AsyncClient.stream_experiment)
    get_experiment = blocking(AsyncClient.get_experiment)
    list_experiments = blocking(AsyncClient.list_experiments)
    iter_experiments = iterating(AsyncClient.iter_experiments)
    delete_experiment = blocking(AsyncClient.delete_experiment)
    compare = blocking(AsyncClient.compare)
    run_suite = blocking(AsyncClient.run_suite)

    list_response_samples = blocking(AsyncClient.list_response_samples)
    list_comparison_samples = blocking(AsyncClient.list_comparison_samples)
    get_experiment_map = blocking(AsyncClient.get_experiment_map)
    get_response_stats = blocking(AsyncClient.get_response_stats)

    list_labels = blocking(AsyncClient.list_labels)
    import_labels = blocking(AsyncClient.import_labels)
    delete_label = blocking(AsyncClient.delete_label)

    list_rating_versions = blocking(AsyncClient.list_rating_versions)
    stream_batch_rate = iterating(AsyncClient.stream_batch_rate)

    create_scenario_set = blocking(AsyncClient.create_scenario_set)
    get_scenario_set = blocking(AsyncClient.get_scenario_set)
    get_or_create_scenario_set = blocking(AsyncClient.get_or_create_scenario_set)
    list_scenario_sets = blocking(AsyncClient.list_scenario_sets)
    update_scenario_set = blocking(AsyncClient.update_scenario_set)
    delete_scenario_set = blocking(AsyncClient.delete_scenario_set)

    create_persona = blocking(AsyncClient.create_persona)
    get_persona = blocking(AsyncClient.get_persona)
    get_or_create_persona = blocking(AsyncClient.get_or_create_persona)
    list_personas = blocking(AsyncClient.list_personas)
    update_persona = blocking(AsyncClient.update_persona)
    delete_persona = blocking(AsyncClient.delete_persona)

    create_persona_group = blocking(AsyncClient.create_persona_group)
    get_persona_group = blocking(AsyncClient.get_persona_group)
    get_or_create_persona_group = blocking(AsyncClient.get_or_create_persona_group)
    list_persona_groups = blocking(AsyncClient.list_persona_groups)
    update_persona_group = blocking(AsyncClient.update_persona_group)
    delete_persona_group = blocking(AsyncClient.delete_persona_group)

    get_agent_results_definition = blocking(AsyncClient.get_agent_results_definition)
    preview_agent_results_matching = blocking(AsyncClient.preview_agent_results_matching)
    upload_agent_results = blocking(AsyncClient.upload_agent_results)
    wait_for_agent_evaluation = blocking(AsyncClient.wait_for_agent_evaluation)
    stream_agent_evaluation = iterating(AsyncClient.stream_agent_evaluation)
