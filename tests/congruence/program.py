"""One program of many calls, written once, run by both clients over every way to reach a server."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from attrs import asdict, evolve
from elluminate_api import models as api

from elluminate import AsyncClient, Client, ConflictError, NotFoundError
from elluminate.schemas import GenerationParams, RatingMode
from elluminate.streaming import TaskStatus

VOLATILE = {
    "created_at",
    "updated_at",
    "duration_seconds",
    "mean_duration_seconds",
    "experiment_duration_seconds",
}

STAMP = re.compile(r"\(\d{4}-\d\d-\d\d \d\d:\d\d\)")
"""When inline criteria were stored, in the name of their set."""


class Caller:
    """Calls a client or a model in the client's own world, and takes down what came back."""

    def __init__(self, client: AsyncClient | Client) -> None:
        self.client: Any = client
        self.prefix = "a" if isinstance(client, AsyncClient) else ""
        self.calls = 0
        self.record: list[tuple[str, Any]] = []

    async def _taken(self, name: str, call: Callable[[], Any]) -> Any:
        self.calls += 1
        try:
            result = call()
            if inspect.isawaitable(result):
                result = await result
        except (ConflictError, NotFoundError) as error:
            self.record.append((name, type(error).__name__))
            return None
        self.record.append((name, plain(result)))
        return result

    async def do(self, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """A method of the client."""
        return await self._taken(operation, lambda: getattr(self.client, operation)(*args, **kwargs))

    async def of(self, model: Any, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """A method of a model: the asynchronous one has a prefix."""
        return await self._taken(operation, lambda: getattr(model, self.prefix + operation)(*args, **kwargs))

    async def follow(self, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """A stream of the client, to its last event."""
        self.calls += 1
        stream: AsyncIterator[Any] | Iterator[Any] = getattr(self.client, operation)(*args, **kwargs)
        events = [event async for event in stream] if isinstance(stream, AsyncIterator) else list(stream)
        assert [event.is_complete for event in events] == [False] * (len(events) - 1) + [True]
        self.record.append((operation, [events[0].status, events[-1].status]))
        return events[-1]


def plain(value: Any) -> Any:
    """A result as plain data, without what differs from one run to the next.

    Responses are made at the same time, so the order of their ids, and of what hangs on them, is nobody's promise.
    """
    if isinstance(value, api.PromptResponse | api.Prompt | api.Rating):
        value = evolve(value, id=0)
    if isinstance(value, str):
        return STAMP.sub("(then)", value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(type(value), "__attrs_attrs__"):
        value = asdict(value, recurse=False, filter=lambda field, _: field.name != "_client")
    if isinstance(value, dict):
        return {
            key: plain(item)
            for key, item in value.items()
            if key not in VOLATILE and not str(key).startswith("duration_seconds")
        }
    return value


async def program(call: Caller) -> None:
    """Create, change, run, rate, read and delete one of everything."""
    # Prompt templates
    explain = await call.do(
        "create_prompt_template", name="Explain", template="Explain {{concept}} to {{reader}}."
    )
    await call.do("create_prompt_template", name="Explain", messages="Explain {{concept}} to {{reader}}.")
    second = await call.of(explain, "new_version", template="Explain {{concept}} to {{reader}}, briefly.")
    await call.do("get_prompt_template", name="Explain")
    await call.do("get_prompt_template", name="Explain", version=1)
    await call.do("get_prompt_template", id=second.id)
    await call.do("get_prompt_template", name="Nothing")
    await call.do("get_or_create_prompt_template", "Explain", "Explain {{concept}} to {{reader}}.")
    await call.do("get_or_create_prompt_template", "Chat", [{"role": "system", "content": "Be kind."}])
    await call.do("list_prompt_templates")
    await call.do("list_prompt_templates", name="Explain")
    # Criteria
    await call.of(explain, "list_criteria")
    await call.of(explain, "generate_criteria")
    await call.of(explain, "generate_criteria")
    await call.of(explain, "get_or_generate_criteria")
    await call.of(explain, "generate_criteria", delete_existing=True)
    await call.of(explain, "list_criteria")
    quality = await call.do("create_criterion_set", "Quality", ["Is it short?"])
    await call.do("create_criterion_set", "Quality")
    await call.of(quality, "add_criteria", ["Is it kind?", "Is it short?"])
    await call.of(quality, "add_criterion", "Does it mention {{concept}}?")
    await call.do("get_criterion_set", name="Quality")
    await call.do("get_criterion_set", id=quality.id)
    await call.of(quality, "link_template", second)
    await call.do("get_prompt_template", id=second.id)
    await call.of(quality, "unlink_template", second)
    await call.do("get_or_create_criterion_set", "Quality")
    spare, _ = await call.do("get_or_create_criterion_set", "Spare", {"criteria": ["Is it there?"]})
    await call.of(spare, "clear")
    await call.do("list_criterion_sets")
    # Collections
    concepts = await call.do("create_collection", "Concepts", "What to explain")
    rows = [{"concept": "recursion", "reader": "a child"}, {"concept": "closures", "reader": "an expert"}]
    await call.of(concepts, "add_many", rows)
    await call.of(
        concepts,
        "add_many",
        [*rows, {"concept": "Ünïcode ✓", "reader": "anyone / everyone"}],
        skip_existing=True,
    )
    await call.of(concepts, "generate_variables", explain)
    await call.do("create_collection", "Concepts")
    await call.do("get_collection", name="Concepts")
    await call.do("get_collection", id=concepts.id)
    await call.do("list_collections")
    await call.do("list_collections", compatible_prompt_template=explain)
    other, _ = await call.do(
        "get_or_create_collection", "Other", {"variables": [{"concept": "x", "reader": "y"}]}
    )
    await call.of(other, "clear")
    # LLM configs
    model = await call.do("create_llm_config", "Small", "small-1", "not-a-key", temperature=0.5)
    await call.do("get_llm_config", name="Small")
    await call.do("get_llm_config", id=model.id)
    await call.do("get_or_create_llm_config", "Small")
    await call.do("list_llm_configs")
    # Experiments
    first = await call.do(
        "run_experiment", "First", explain, concepts, criteria=["Is it short?", "Is it kind?"]
    )
    await call.do("run_experiment", "First", explain, concepts)
    made = await call.do(
        "create_experiment", "Second", second, concepts, criterion_set=quality, llm_config=model
    )
    await call.of(made, "run", n_epochs=2, generation_params=GenerationParams(temperature=0.1))
    clone = await call.of(made, "clone", "Clone", description="As the second")
    await call.of(clone, "run", rating_mode=RatingMode.FAST)
    await call.do("get_experiment", name="Second")
    await call.do("get_experiment", id=first.id, fetch_responses=False)
    await call.of(clone, "fetch_responses")
    bare = await call.do("create_experiment", "External", explain, concepts, criterion_set=quality)
    await call.of(bare, "add_responses", ["A function that calls itself."], [concepts.variables[0]])
    await call.of(bare, "rate_responses")
    streamed = await call.follow(
        "stream_experiment", "Streamed", explain, concepts, criteria=["Is it short?"]
    )
    assert streamed.status == TaskStatus.SUCCESS
    rated = await call.follow("stream_batch_rate", list(streamed.result.responses()), polling_interval=0.1)
    assert len(rated.result) == len(streamed.result.rated_responses)
    await call.do("list_experiments")
    await call.do("list_experiments", collection=concepts, llm_config=model)
    # Deleting
    await call.do("delete_experiment", first)
    await call.do("get_experiment", name="First")
    await call.do("delete_criterion_set", spare)
    await call.do("delete_llm_config", model)
    await call.do("delete_collection", other)
    await call.do("delete_prompt_template", second)
    await call.do("get_prompt_template", name="Explain")
