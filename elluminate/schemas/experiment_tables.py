"""What a notebook shows of an experiment: what it is made of, how far it is, its results, and its first responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from elluminate_api import models as api

from elluminate._tables import html_facts
from elluminate.schemas.response import PromptResponse, responses_table
from elluminate.schemas.results import ExperimentResults
from elluminate.statistics import Interval


def experiment_tables(
    experiment: api.Experiment,
    results: ExperimentResults | None,
    responses: Sequence[PromptResponse],
    criterion_names: Mapping[int, str],
    *,
    intervals: Mapping[int | None, Interval],
    only: str,
    page: str,
) -> Iterator[str]:
    """Its tables as HTML; no server is asked.

    Args:
        experiment: The experiment.
        results: Its results; None before there are any.
        responses: Those that were fetched.
        criterion_names: Texts of criteria by their ids.
        intervals: What to tell beside the rates, by the criterion's id; None stands for all of them together.
        only: Which rows the results tell of, in words; "" for all.
        page: The address of its page; "" where it has none.
    """
    facts = [
        ("prompt template", _template(experiment)),
        ("model", _model(experiment.llm_config)),
        ("collection", f"{experiment.collection.name} ({experiment.collection.variables_count} rows)"),
        ("criterion set", experiment.criterion_set.name),
        ("status", _status(experiment, results)),
        ("results tell of", only),
        *([] if results is None else results._facts(intervals)),
        *([("page", page)] if page else []),
    ]
    if results is not None and not responses:
        facts.append(("responses", "not fetched: fetch_responses() reads them"))
    yield html_facts(f"Experiment: {experiment.name}", facts)
    if results is not None:
        yield from results._tables_of_verdicts(criterion_names, intervals)
    if responses:
        yield responses_table("Responses", responses)


def _template(experiment: api.Experiment) -> str:
    template = experiment.prompt_template
    return "none" if template is None else f"{template.name} (version {template.version})"


def _model(config: api.LLMConfig | None) -> str:
    if config is None:
        return "the server's default"
    return f"{config.name or ''} ({config.llm_model_name or ''})"


def _status(experiment: api.Experiment, results: ExperimentResults | None) -> str:
    """How far it was when it was read."""
    if experiment.generation_task_id is not None:
        verdicts = None if results is None else results.verdicts
        if verdicts is None:
            return "running"
        return f"running, {verdicts.given} of {verdicts.expected} verdicts given"
    if experiment.has_internal_error:
        return "ended by a fault"
    return "not run yet" if results is None else "over"
