"""Finding by name, creating if absent, and saying what was not there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from elluminate._checks import checked_id, checked_name
from elluminate._existing import warn_of_differences
from elluminate._showing import shown
from elluminate.exceptions import ConflictError, NotFoundError, PermissionDeniedError, ValidationError

T = TypeVar("T")

_GIVEN_BY = {
    "APIKey": "client.create_api_key() or list_api_keys()",
    "Criterion": "criterion_set.criteria",
    "CriterionSet": "client.get_criterion_set(name=…)",
    "Experiment": "client.get_experiment(name=…)",
    "LLMConfig": "client.get_llm_config(name=…)",
    "Persona": "client.get_persona(name=…)",
    "PersonaGroup": "client.get_persona_group(name=…)",
    "PromptResponse": "experiment.responses()",
    "PromptTemplate": "client.get_prompt_template(name=…)",
    "Scenario": "scenario_set.list_scenarios()",
    "ScenarioField": "scenario_set.fields",
    "ScenarioSet": "client.get_scenario_set(name=…)",
    "TemplateVariables": "collection.variables",
    "TemplateVariablesCollection": "client.get_collection(name=…)",
}
"""Where objects come from, by their class."""

_RACES = 5
"""How often a name may be taken and freed by others while we look, before we give up."""


async def get_or_create(
    what: str,
    name: str,
    *,
    get: Callable[[], Awaitable[T]],
    create: Callable[[], Awaitable[T]],
    given: Mapping[str, Any] | None = None,
    create_first: bool = False,
) -> tuple[T, bool]:
    """The resource of this name and whether it was created; callers that race get the same one.

    A key that may create nothing gets what exists; where nothing does, it is refused.

    Args:
        what: Kind of resource.
        name: Its name.
        get: Finds it.
        create: Creates it.
        given: What it is created with; what exists and differs from that is warned of.
        create_first: Try to create before looking: one request where it usually does not exist.
    """
    checked_name(name, what)
    for attempt in range(_RACES):
        if attempt or not create_first:
            try:
                existing = await get()
            except NotFoundError:
                pass
            else:
                warn_of_differences(what, name, given or {}, existing)
                return existing, False
        try:
            return await create(), True
        except ConflictError:
            pass  # somebody else made it meanwhile, so there is one to get
        except PermissionDeniedError as denied:
            # Who may make nothing may have what is there.
            try:
                existing = await get()
            except NotFoundError:
                raise denied from None
            warn_of_differences(what, name, given or {}, existing)
            return existing, False
    raise ConflictError(f"the {what} named {name!r} is made and deleted by others all the time", None)


def found(item: T | None, what: str) -> T:
    """What a lookup found.

    Raises:
        NotFoundError: Nothing.
    """
    if item is None:
        raise NotFoundError(f"there is no {what} in this project", 404)
    return item


@contextmanager
def naming_conflicts(resource_type: str, name: str, id_key: str | None = None) -> Iterator[None]:
    """Let a ConflictError say what exists already, and under which id where the server tells."""
    try:
        yield
    except ConflictError as conflict:
        conflict.resource_type, conflict.resource_name = resource_type, name
        body = conflict.response_info.body if conflict.response_info else None
        if id_key is not None and isinstance(body, Mapping) and isinstance(body.get(id_key), int):
            conflict.resource_id = body[id_key]
        raise


def id_of(model: Any, kind: type[Any], argument: str) -> int | None:
    """The id of an object that a client returned, None for None.

    Raises:
        ValidationError: It is something else, or has no id.
    """
    if model is None:
        return None
    if not isinstance(model, kind):
        raise _wrong_kind(argument, kind, model)
    if not isinstance(model.id, int):
        raise ValidationError(f"{argument} has no id: it was made by hand; use the one that a client returns")
    return checked_id(model.id, f"the id of {argument}")


def required_id_of(model: Any, kind: type[Any], argument: str) -> int:
    """The id of an object that a client returned.

    Raises:
        ValidationError: It is None, something else, or has no id.
    """
    identifier = id_of(model, kind, argument)
    if identifier is None:
        raise _wrong_kind(argument, kind, None)
    return identifier


def _wrong_kind(argument: str, kind: type[Any], given: Any) -> ValidationError:
    name = kind.__name__
    source = f"; for example {_GIVEN_BY[name]}" if name in _GIVEN_BY else ""
    article = "an" if name[0] in "AEIOU" else "a"
    return ValidationError(
        f"{argument} must be {article} {name} as a client returns it, got {shown(given)}{source}"
    )


def given_id(given: Any, kind: type[Any], argument: str) -> int:
    """The id that was given, or that of an object which a client returned.

    Raises:
        ValidationError: It is no positive integer and no such object.
    """
    if isinstance(given, int):
        return checked_id(given, argument)
    return required_id_of(given, kind, argument)
