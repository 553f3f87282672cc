"""Creating, reading and deleting LLM configs."""

from __future__ import annotations

from typing import Any, TypedDict

from elluminate_api import models as api
from elluminate_api.api.llm_configs import (
    create_llm_config,
    delete_llm_config,
    get_llm_config,
    list_llm_configs,
)
from elluminate_api.models import (
    InferenceType,
    ReasoningEffort,
    Verbosity,
)
from elluminate_api.types import UNSET

from elluminate._checks import (
    checked_name,
    checked_name_or_id,
    known,
)
from elluminate._lookup import get_or_create, naming_conflicts
from elluminate._operations.base import Operations, defaults_of
from elluminate.exceptions import ValidationError
from elluminate.schemas.by_name import llm_config_named
from elluminate.schemas.llm_config import LLMConfig


class LLMConfigDefaults(TypedDict, total=False):
    """What `get_or_create_llm_config` creates a config with; see `create_llm_config`."""

    llm_model_name: str
    api_key: str
    description: str
    llm_base_url: str
    api_version: str
    temperature: float
    max_tokens: int
    max_connections: int
    max_retries: int
    timeout: int
    system_message: str
    top_p: float
    best_of: int
    top_k: int
    logprobs: bool
    top_logprobs: int
    reasoning_effort: str
    verbosity: str
    inference_type: str
    custom_api_config: dict[str, Any]
    custom_response_parser: str
    provider: str
    input_price_per_mtok: float
    output_price_per_mtok: float


class LLMConfigOperations(Operations):
    """Operations on LLM configs."""

    async def create_llm_config(
        self,
        name: str,
        llm_model_name: str,
        api_key: str,
        description: str = "",
        llm_base_url: str | None = None,
        api_version: str | None = None,
        max_connections: int = 10,
        max_retries: int | None = None,
        timeout: int | None = None,
        system_message: str | None = None,
        max_tokens: int | None = None,
        top_p: float | None = None,
        temperature: float | None = None,
        best_of: int | None = None,
        top_k: int | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        reasoning_effort: str | None = None,
        verbosity: str | None = None,
        inference_type: InferenceType = InferenceType.OPENAI,
        custom_api_config: dict[str, Any] | None = None,
        custom_response_parser: str | None = None,
        provider: str | None = None,
        input_price_per_mtok: float | None = None,
        output_price_per_mtok: float | None = None,
    ) -> LLMConfig:
        """Create an LLM config: a model and how it is asked.

        Args:
            name: 1 to 255 characters.
            llm_model_name: The provider's name of the model.
            api_key: The provider's key. Stored by the server, never returned in clear.
            description: What it is for.
            llm_base_url: Base URL of an OpenAI-compatible endpoint; None takes the server's default.
            api_version: For Azure OpenAI.
            max_connections: Requests at the same time, at least 1.
            max_retries: Repetitions of a failed request.
            timeout: Seconds per request.
            system_message: Put before every prompt.
            max_tokens: Longest answer, in tokens.
            top_p: 0 to 1.
            temperature: 0 to 2; not together with `reasoning_effort`.
            best_of: Answers to choose from, where the provider offers it.
            top_k: Tokens to choose from, where the provider offers it.
            logprobs: Ask for log probabilities.
            top_logprobs: How many of them, 0 to 20.
            reasoning_effort: "minimal", "low", "medium" or "high".
            verbosity: "low", "medium" or "high".
            inference_type: The provider's protocol.
            custom_api_config: What a custom provider is sent, and where its answer stands: `body`, `headers`, `path`
                and `response`, as the guide's page on models tells. Values of headers are kept like the key.
            custom_response_parser: Path of the answer's text in a custom provider's answer ("$.output.text"), where
                `custom_api_config` does not say it.
            provider: Provider whose own protocol is spoken: "anthropic", or "any_llm" with a model like
                "mistral:mistral-small-latest". Instead of `inference_type`; this project's backend knows it, other
                servers may not.
            input_price_per_mtok: US dollars for a million input tokens; None for what the provider publishes, where
                the server knows it. Without either, costs are unknown.
            output_price_per_mtok: US dollars for a million output tokens, in the same way.

        Returns:
            The config; of `api_key` it shows the last four characters at most.

        Raises:
            ConflictError: The name is taken.
            ValidationError: The name is empty, or two settings exclude each other.

        Example:
            >>> config = client.create_llm_config(
            ...     "Small and cold",
            ...     llm_model_name="some-model",
            ...     api_key="the-providers-key",
            ...     llm_base_url="https://llm.example/v1",
            ...     temperature=0.0,
            ... )
        """
        if temperature is not None and reasoning_effort is not None:
            raise ValidationError("temperature and reasoning_effort exclude each other; give one of them")
        body = api.CreateLLMConfigRequest(
            name=checked_name(name, "LLM config"),
            llm_model_name=checked_name(llm_model_name, "model"),
            api_key=api_key,
            description=description,
            llm_base_url=llm_base_url,
            api_version=api_version,
            max_connections=max_connections,
            max_retries=max_retries,
            timeout=timeout,
            system_message=system_message,
            max_tokens=max_tokens,
            top_p=top_p,
            temperature=temperature,
            best_of=best_of,
            top_k=top_k,
            logprobs=logprobs,
            top_logprobs=top_logprobs,
            reasoning_effort=None
            if reasoning_effort is None
            else known(ReasoningEffort, reasoning_effort, "reasoning_effort"),
            verbosity=None if verbosity is None else known(Verbosity, verbosity, "verbosity"),
            inference_type=known(InferenceType, inference_type, "inference_type"),
            custom_api_config=custom_api_config,
            custom_response_parser=custom_response_parser,
            provider=UNSET if provider is None else provider,
            input_price_per_mtok=input_price_per_mtok,
            output_price_per_mtok=output_price_per_mtok,
        )
        project = await self.session.project_id()
        with naming_conflicts("llm_config", name):
            return await self.session.call(create_llm_config.build(project, body=body), LLMConfig)

    async def get_llm_config(self, *, name: str | None = None, id: int | None = None) -> LLMConfig:
        """Read an LLM config, by name or by id.

        Args:
            name: Its name, exactly.
            id: Its id.

        Returns:
            The config, without the provider's key.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> client.get_llm_config(name="Small").llm_model_name
            'some-model'
        """
        meant = checked_name_or_id("get_llm_config", "LLM config", name, id)
        if isinstance(meant, str):
            return await llm_config_named(self.session, meant)
        project = await self.session.project_id()
        return await self.session.call(get_llm_config.build(project, meant), LLMConfig)

    async def get_or_create_llm_config(
        self, name: str, defaults: LLMConfigDefaults | None = None
    ) -> tuple[LLMConfig, bool]:
        """The LLM config of this name, created with `defaults` if it does not exist.

        Args:
            name: 1 to 255 characters.
            defaults: Arguments of `create_llm_config`; used when it does not exist.

        Returns:
            The config, and whether it was created.
            An ExistingDiffersWarning names what of `defaults` it has not, or has otherwise.

        Raises:
            ValidationError: It does not exist, and `defaults` lacks `llm_model_name` or `api_key`.

        Example:
            >>> config, created = client.get_or_create_llm_config(
            ...     "Another", {"llm_model_name": "some-model", "api_key": "the-providers-key"}
            ... )
        """
        given = defaults_of(defaults, LLMConfigDefaults)

        async def create() -> LLMConfig:
            missing = [key for key in ("llm_model_name", "api_key") if key not in given]
            if missing:
                raise ValidationError(
                    f"there is no LLM config named {name!r}; to create it, defaults must hold {' and '.join(missing)}"
                )
            return await self.create_llm_config(name, **given)

        return await get_or_create(
            "LLM config", name, get=lambda: self.get_llm_config(name=name), create=create, given=given
        )

    async def list_llm_configs(self) -> list[LLMConfig]:
        """All LLM configs of the project.

        Returns:
            Configs in order of creation, without the providers' keys.

        Example:
            >>> [config.name for config in client.list_llm_configs()]
            ['Small']
        """
        project = await self.session.project_id()
        return await self.session.pages(lambda page: list_llm_configs.build(project, page=page), LLMConfig)

    async def delete_llm_config(self, llm_config: LLMConfig) -> None:
        """Delete an LLM config; experiments that used it keep it.

        Args:
            llm_config: As a client returned it.

        Raises:
            ConflictError: An experiment is running with it.
            NotFoundError: The project has no such LLM config, or no longer.
            ValidationError: It is no LLMConfig that a client returned.

        Example:
            >>> client.delete_llm_config(client.get_llm_config(name="Small"))
        """
        await self._delete(delete_llm_config.build, llm_config, LLMConfig)
