"""Refusals in the words of a form: the API names a place in JSON, a person looks for a field by what it is called."""

import re
from collections.abc import Iterable, Mapping

from elluminate_server.http.problems import Problem, Taken
from elluminate_server.pages.refilling import Told

__all__ = ["status_of", "title_of", "told", "told_of"]

_TITLES = {
    403: "Not allowed",
    404: "Not found",
    409: "Not now",
    413: "Too much",
    421: "Another server",
    503: "Not for the moment",
}
_OTHERWISE = "This did not work"

_FIELDS = {
    "prompt_template_id": "template",
    "collection_id": "collection",
    "criterion_set_id": "criterion_set",
    "llm_config_id": "model",
    "n_epochs": "epochs",
    "criterion_str": "text",
    "domain_knowledge": "knowledge",
    "expected_conversation_outcome": "outcome",
    "expires_at": "until",
    "persona_ids": "persona",
    "persona_group_id": "persona_group",
    "scenario_set_id": "scenario_set",
}
"""What forms call a field, by its name in the contract, where the two differ."""

_PATH = re.compile(r"\$((?:\.\w+|\[\d+\])+)")
_NAME = re.compile(r"\w+")


def status_of(problem: Problem) -> int:
    """With which status a page refuses: a name that is taken is a conflict, whatever it is the name of."""
    return Taken.status if isinstance(problem, Taken) else problem.status


def title_of(problem: Problem) -> str:
    """What became of a request, in a few words."""
    if isinstance(problem, Taken):
        return "This name is taken"
    return _TITLES.get(problem.status, _OTHERWISE)


def told(problem: Problem) -> str:
    """What was wrong, where no form says what its fields are called."""
    return told_of(problem, {}).text


def told_of(problem: Problem, labels: Mapping[str, str], *, takes_file: bool = False) -> Told:
    """What was wrong with a form.

    Args:
        problem: The refusal.
        labels: What the form's fields are called, by their names.
        takes_file: Whether a file was chosen, which a browser forgets.
    """
    text = problem.in_browser or problem.detail
    found = _PATH.search(text)
    field = None if found is None else _field_at(_NAME.findall(found[1]), labels)
    if field is None and isinstance(problem, Taken) and "name" in labels:
        field = "name"
    text = _PATH.sub(lambda one: _called(_NAME.findall(one[1]), labels), text).replace("$: ", "")
    if takes_file:
        text = f"{text} Choose the file once more."
    return Told(title_of(problem), text, field)


def _field_at(steps: Iterable[str], labels: Mapping[str, str]) -> str | None:
    """The field that a path in JSON is about: the innermost that the form has."""
    steps = list(steps)
    names = [*steps, *(f"field.{step}" for step in steps[1:])]
    return next(
        (one for name in reversed(names) for one in (name, _FIELDS.get(name, "")) if one in labels), None
    )


def _called(steps: list[str], labels: Mapping[str, str]) -> str:
    field = _field_at(steps, labels)
    if field is not None and labels[field]:
        return labels[field]
    named = next((step for step in reversed(steps) if not step.isdigit()), "")
    return _FIELDS.get(named, named.removesuffix("_id")).replace("_", " ")
