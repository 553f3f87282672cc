"""evaluate(): an evaluation in one call."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elluminate_api.models import CriterionIn, LLMConfig, RatingMode

from elluminate._calls import explained
from elluminate._lookup import required_id_of
from elluminate._operations.program_arguments import AT_ONCE
from elluminate._progress import Progress
from elluminate.client import Client
from elluminate.exceptions import ValidationError
from elluminate.names import unique_name
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.prompt_template import PromptTemplate

_default: Client | None = None
_lock = threading.Lock()


@explained
def evaluate(
    prompt_template: PromptTemplate | str | None,
    collection: TemplateVariablesCollection | str,
    criterion_set: CriterionSet | str | None = None,
    llm_config: LLMConfig | str | None = None,
    *,
    criteria: Sequence[str | CriterionIn | Mapping[str, Any]] | None = None,
    name: str | None = None,
    rating_mode: RatingMode = RatingMode.DETAILED,
    rating_version: str | None = None,
    response_column_id: int | None = None,
    client: Client | None = None,
    progress: Progress = False,
    cache: bool | float | datetime.timedelta = False,
    target: Callable[..., Any] | None = None,
    max_concurrency: int = AT_ONCE,
    target_retries: int = 0,
    target_timeout: float | None = None,
) -> Experiment:
    """Run a template over a collection, have the answers judged, and return the finished experiment.

    Args:
        prompt_template: A template or its name (the latest version). None where the collection's rows are prompts, or
            hold answers to nobody knows what.
        collection: A collection or its name.
        criterion_set: A criterion set or its name; None takes the one linked to the template.
        llm_config: An LLM config or its name; None takes the project's default.
        criteria: Yes/no questions and checks (`elluminate.checks`) instead of a set; they are stored as a set named
            after the experiment.
        name: Name of the experiment; None makes one from template, collection and time.
        rating_mode: DETAILED judges each criterion by itself, FAST all of them in one call.
        rating_version: The judge; None takes the project's default.
        response_column_id: A column that holds the answers already, so that no model is asked.
        client: None takes one client for the whole process, made from the environment at the first call.
        progress: True shows how far it is (on stderr, or as a bar in a notebook); a function gets each
                ExperimentProgress.
        cache: True, or a lifetime: equal calls are not made again; see `Client.run_experiment`.
        target: Your own program, asked instead of a model; see `Client.run_experiment`. With `name`, the same call
            goes on where an earlier one stopped.
        max_concurrency: Calls of `target` at a time.
        target_retries: How often a call of `target` that raised is made again.
        target_timeout: Seconds that a call of `target` may take; None for any.

    Raises:
        NotFoundError: There is nothing of a given name.
        ValidationError: No criterion set is given, and none is linked to a template.

    Example:
        >>> linked = criterion_set.link_template(template)
        >>> experiment = evaluate(template, collection.name)
        >>> experiment.results.num_rated_responses
        2
    """
    client = client or _default_client()
    if criterion_set is None and criteria is None:
        if prompt_template is None:
            raise ValidationError(
                "without a prompt template no criteria are linked to it; pass criterion_set=…, or criteria=[…]"
            )
        if isinstance(prompt_template, str):
            prompt_template = client.get_prompt_template(name=prompt_template)
        criterion_set = _linked_criteria(prompt_template, client)
    parts = [part for part in (prompt_template, collection) if part is not None]
    return client.run_experiment(
        name or unique_name(" x ".join(str(getattr(part, "name", part))[:90] for part in parts)),
        prompt_template,
        collection,
        llm_config=llm_config,
        criterion_set=criterion_set,
        criteria=criteria,
        rating_mode=rating_mode,
        rating_version=rating_version,
        response_column_id=response_column_id,
        progress=progress,
        cache=cache,
        target=target,
        max_concurrency=max_concurrency,
        target_retries=target_retries,
        target_timeout=target_timeout,
    )


def reset_default_client() -> None:
    """Close the client that `evaluate` made; the next call makes a new one from the environment of then."""
    global _default
    with _lock:
        client, _default = _default, None
    if client is not None:
        client.close()


def _default_client() -> Client:
    global _default
    with _lock:
        if _default is None:
            _default = Client()
        return _default


def _linked_criteria(template: PromptTemplate, client: Client) -> CriterionSet:
    """The set that is linked to the template; without one there would be nothing to evaluate by."""
    template_id = required_id_of(template, PromptTemplate, "prompt_template")
    linked = template.criterion_set_id
    if linked is None:
        # The object at hand may be older than the link, so an error is worth one look at it.
        linked = client.get_prompt_template(id=template_id).criterion_set_id
    if linked is None:
        raise ValidationError(
            f"prompt template {template.name!r} has no linked criterion set, so its answers could not be judged; pass "
            "criterion_set=…, or link one with criterion_set.link_template(prompt_template)"
        )
    return client.get_criterion_set(id=linked)
