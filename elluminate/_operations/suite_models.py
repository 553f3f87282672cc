"""The models of suites, as LLM configs on the server."""

from __future__ import annotations

import os

from elluminate_api.models import LLMConfig

from elluminate._operations.llm_configs import LLMConfigOperations
from elluminate.exceptions import ValidationError
from elluminate.suites.digests import digest_of
from elluminate.suites.suite import ModelChoice

DEFAULT_MODEL = "default"


class SuiteModelOperations(LLMConfigOperations):
    """What suites need of LLM configs."""

    async def _model_of(self, choice: ModelChoice) -> LLMConfig | None:
        """The LLM config of a model: one on the server, or what the suite says; None for the project's default."""
        if choice.settings is None:
            return None if choice.name == DEFAULT_MODEL else await self.get_llm_config(name=choice.name)
        key = ""
        if choice.api_key_env is not None:
            key = os.environ.get(choice.api_key_env, "")
            if not key:
                raise ValidationError(
                    f"model {choice.name!r}: the environment has no {choice.api_key_env}, which is to hold its key"
                )
        settings = {**choice.settings, "api_key": key or "none"}
        # One that is asked otherwise is another one: experiments of before stay what they were.
        named = f"{choice.name} ({digest_of(settings)})"
        config, _ = await self.get_or_create_llm_config(named, settings)  # type: ignore[arg-type]
        return config
