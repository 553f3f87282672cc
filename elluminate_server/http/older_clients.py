"""What older clients send or read differently, known by their `SDK-Version`."""

import copy
from collections.abc import Sequence

import msgspec
from elluminate_api import models

from elluminate_server.domain.agent_trials import TASK_COLUMN
from elluminate_server.http.decoding import convert, parse_json
from elluminate_server.http.pipeline import Call

__all__ = ["readable", "upload_of"]

_MEANS = ("mean_duration_seconds", "mean_input_tokens", "mean_output_tokens", "mean_reasoning_tokens")


def readable(call: Call, experiments: Sequence[models.Experiment]) -> list[models.Experiment]:
    """The experiments in a form that the caller can read.

    A mean of nothing, as of answers that were made elsewhere, is null. Clients whose `SDK-Version` is lower than 1.1
    then reject the whole answer, so they get 0.
    """
    if _is_before(call, 1, 1):
        for experiment in experiments:
            results: object = experiment.results
            if isinstance(results, msgspec.Raw):
                results = msgspec.json.decode(results, type=models.ExperimentResults)
            if isinstance(results, models.ExperimentResults):
                experiment.results = copy.copy(results)  # others read the same
                for name in _MEANS:
                    if getattr(results, name) is None:
                        setattr(experiment.results, name, 0.0)
    return list(experiments)


def upload_of(call: Call) -> models.AgentResultsUploadRequest:
    """An upload's body. Clients before 1.5 name the column of the tasks' names, which an experiment has frozen.

    Raises:
        Problem: The body breaks the contract, or names another column.
    """
    if _is_before(call, 1, 5):
        raw = parse_json(call.body)
        if isinstance(raw, dict) and raw.get("task_name_column") == TASK_COLUMN:
            del raw["task_name_column"]
            return convert(raw, models.AgentResultsUploadRequest)
    return call.decode(models.AgentResultsUploadRequest)


def _is_before(call: Call, *level: int) -> bool:
    major, _, rest = call.request.headers.get("sdk-version", "").partition(".")
    minor = rest.partition(".")[0]
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) < level
