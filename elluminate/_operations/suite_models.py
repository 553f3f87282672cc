"""The models of suites, as LLM configs on the server."""

from __future__ import annotations

import itertools
import os

from elluminate_api.models import LLMConfig

from elluminate._existing import is_another_key
from elluminate._operations.llm_configs import LLMConfigOperations
from elluminate.exceptions import NotFoundError, ValidationError
from elluminate.suites.digests import digest_of
from elluminate.suites.suite import ModelChoice

DEFAULT_MODEL = "default"


class SuiteModelOperations(LLMConfigOperations):
    """What suites need of LLM configs."""

    async def _model_of(self, choice: ModelChoice) -> LLMConfig | None:
        """The LLM config of a model: one on the server, or what the suite says; None for the project's default.

        One that is asked otherwise is another one: experiments of before stay what they were. Names are seen by
        everybody in the project, so that nothing of a key is in them, nor a digest of it, by which a guess could be
        tried at leisure. Configs that differ in their keys alone are numbered, and told apart by what the server shows
        of a key: its last characters, and of one with fewer than 12 characters nothing.
        """
        if choice.settings is None:
            return None if choice.name == DEFAULT_MODEL else await self.get_llm_config(name=choice.name)
        key = ""
        if choice.api_key_env is not None:
            key = os.environ.get(choice.api_key_env, "")
            if not key:
                raise ValidationError(
                    f"model {choice.name!r}: the environment has no {choice.api_key_env}, which is to hold its key"
                )
        digest = digest_of([choice.settings, choice.api_key_env])
        for number in itertools.count(1):
            name = f"{choice.name} ({digest}{'' if number == 1 else f', key {number}'})"
            try:
                config = await self.get_llm_config(name=name)
            except NotFoundError:
                settings = {**choice.settings, "api_key": key or "none"}
                config, _ = await self.get_or_create_llm_config(name, settings)  # type: ignore[arg-type]
            if not is_another_key(key or "none", config.api_key):
                return config
        raise AssertionError("numbers do not end")
