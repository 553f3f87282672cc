"""What clients of before 1.1 are told in place of null, where they can read no null."""

from collections.abc import Sequence

from elluminate_api import models

from elluminate_server.api.http import Call

__all__ = ["readable"]

_MEANS = ("mean_duration_seconds", "mean_input_tokens", "mean_output_tokens", "mean_reasoning_tokens")


def readable(call: Call, experiments: Sequence[models.Experiment]) -> list[models.Experiment]:
    """The experiments in a form that the caller can read.

    A mean of nothing, as of answers that were made elsewhere, is null. Clients whose `SDK-Version` is lower than 1.1
    then reject the whole answer, so they get 0.
    """
    if _is_before_1_1(call.request.headers.get("sdk-version", "")):
        for experiment in experiments:
            for name in _MEANS:
                if experiment.results is not None and getattr(experiment.results, name) is None:
                    setattr(experiment.results, name, 0.0)
    return list(experiments)


def _is_before_1_1(version: str) -> bool:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) < (1, 1)
