"""Scenario sets: what simulated users want in multi-turn experiments."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.scenario_sets import (
    add_scenario_field,
    create_scenarios_batch,
    delete_scenario,
    delete_scenario_field,
    get_scenario,
    list_scenarios,
    rename_scenario_field,
    update_scenario,
)
from elluminate_api.models import ScenarioIn
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._checks import checked_id, checked_name, checked_texts
from elluminate._lookup import required_id_of
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks
from elluminate._showing import quoted
from elluminate._tables import html_table
from elluminate.exceptions import ValidationError

_KEYS = ("goal", "expected_conversation_outcome", "field_values")


@define(kw_only=True, repr=False)
class Scenario(Bound, api.Scenario):
    """What a simulated user wants, and what comes of it when all goes well."""

    _session: Any = unbound()

    __repr__ = one_line


@define(kw_only=True, repr=False)
class ScenarioField(Bound, api.ScenarioField):
    """A further value of every scenario of a set, which texts name as a placeholder."""

    _session: Any = unbound()

    __repr__ = one_line


@define(kw_only=True, repr=False)
class ScenarioSet(ShownInNotebooks, Bound, api.ScenarioSet):
    """A named set of scenarios, without them; `list_scenarios()` reads them.

    Example:
        >>> pupils = client.create_scenario_set("Pupils", fields=["school_year"])
        >>> pupils.add_scenarios(
        ...     [{"goal": "Learn why it rains", "expected_conversation_outcome": "Can explain it"}]
        ... )
        >>> pupils.scenarios_count
        1
    """

    fields: list[ScenarioField]  # type: ignore[assignment]
    _session: Any = unbound()

    def _tables(self) -> Iterator[str]:
        fields = [[one.name, one.default_value or ""] for one in self.fields[:MOST_SHOWN]]
        title = f"Scenario set: {self.name} ({self.scenarios_count} scenarios)"
        yield html_table(title, ["field", "default"], fields, most=MOST_SHOWN, total=len(self.fields))

    async def aadd_field(self, name: str, default_value: str = "") -> ScenarioField:
        """Declare a further field; every scenario of the set gets it with the default.

        Args:
            name: A letter or an underscore, then letters, digits and underscores, at most 100 characters; not
                `goal` or `expected_conversation_outcome`.
            default_value: Value of scenarios that do not give one.

        Returns:
            The field. It is also in `fields` from now on.

        Raises:
            ConflictError: The set has that field, or is read-only.

        Example:
            >>> scenarios.add_field("mood", default_value="calm").name
            'mood'
        """
        session = self._bound_session()
        body = api.AddScenarioFieldRequest(
            name=checked_name(name, "scenario field"), default_value=default_value
        )
        field = await session.call(
            add_scenario_field.build(await session.project_id(), self.id, body=body), ScenarioField
        )
        self.fields = [*self.fields, field]
        return field

    async def arename_field(self, field: ScenarioField, name: str) -> ScenarioField:
        """Give a field another name; its values and its default stay.

        Args:
            field: A field of this set.
            name: As for `add_field`.

        Returns:
            The field under its new name. It is also in `fields` from now on.

        Raises:
            ConflictError: The set has another field of that name, or is read-only.

        Example:
            >>> field = scenarios.add_field("mood")
            >>> scenarios.rename_field(field, "temper").name
            'temper'
        """
        session = self._bound_session()
        field_id = required_id_of(field, ScenarioField, "field")
        body = api.RenameScenarioFieldRequest(name=checked_name(name, "scenario field"))
        renamed = await session.call(
            rename_scenario_field.build(await session.project_id(), self.id, field_id, body=body),
            ScenarioField,
        )
        self.fields = [renamed if known.id == field_id else known for known in self.fields]
        return renamed

    async def adelete_field(self, field: ScenarioField) -> None:
        """Take a field and its values out of every scenario.

        Args:
            field: A field of this set.

        Raises:
            ConflictError: The set is read-only.

        Example:
            >>> scenarios.delete_field(scenarios.add_field("mood"))
        """
        session = self._bound_session()
        field_id = required_id_of(field, ScenarioField, "field")
        await session.call(delete_scenario_field.build(await session.project_id(), self.id, field_id))
        self.fields = [known for known in self.fields if known.id != field_id]

    async def aadd_scenarios(
        self, scenarios: Sequence[ScenarioIn | Mapping[str, Any]], skip_existing: bool = False
    ) -> list[Scenario]:
        """Add scenarios, all or none.

        Args:
            scenarios: `ScenarioIn` objects, or dicts with their fields: `goal`, `expected_conversation_outcome`
                and, when the set declares fields, `field_values`.
            skip_existing: Leave out scenarios that are in the set, or earlier in this list.

        Returns:
            The scenarios that were added, in the order given.

        Raises:
            ValidationError: Something in the list is no scenario.
            APIError: A field is not declared (422).
            ConflictError: The set is read-only.

        Example:
            >>> added = scenarios.add_scenarios(
            ...     [{"goal": "Learn how rain forms", "expected_conversation_outcome": "Can describe a cloud."}]
            ... )
        """
        given = scenarios_in(scenarios)
        if not given:
            return []
        session = self._bound_session()
        body = api.ScenarioBatchRequest(scenarios=given, skip_existing=skip_existing)
        added = await session.call(
            create_scenarios_batch.build(await session.project_id(), self.id, body=body), list[Scenario]
        )
        self.scenarios_count += len(added)
        return added

    async def alist_scenarios(self) -> list[Scenario]:
        """All scenarios, in order of creation.

        Returns:
            Scenarios with a value for every field.

        Example:
            >>> [scenario.goal for scenario in scenarios.list_scenarios()]
            ['Understand tides']
        """
        session = self._bound_session()
        project = await session.project_id()
        return await session.pages(lambda page: list_scenarios.build(project, self.id, page=page), Scenario)

    async def aget_scenario(self, scenario_id: int) -> Scenario:
        """Read one scenario.

        Args:
            scenario_id: Its id.

        Returns:
            The scenario.

        Raises:
            NotFoundError: The set has no scenario of that id.
            ValidationError: It is no positive integer.

        Example:
            >>> scenario = scenarios.get_scenario(scenarios.list_scenarios()[0].id)
        """
        checked_id(scenario_id, "scenario_id")
        session = self._bound_session()
        return await session.call(
            get_scenario.build(await session.project_id(), self.id, scenario_id), Scenario
        )

    async def aupdate_scenario(self, scenario: Scenario) -> Scenario:
        """Store what was changed on a scenario; a declared field that it has no value for gets its default.

        Args:
            scenario: A scenario of this set, with other values.

        Returns:
            The scenario as it is stored now.

        Raises:
            ConflictError: The set is read-only.
            ValidationError: Goal or outcome are empty.

        Example:
            >>> scenario = scenarios.list_scenarios()[0]
            >>> scenario.goal = "Understand why there are two tides a day"
            >>> scenario = scenarios.update_scenario(scenario)
        """
        session = self._bound_session()
        scenario_id = required_id_of(scenario, Scenario, "scenario")
        body = _checked(
            ScenarioIn(
                goal=scenario.goal,
                expected_conversation_outcome=scenario.expected_conversation_outcome,
                field_values=scenario.field_values,
            ),
            "scenario",
        )
        return await session.call(
            update_scenario.build(await session.project_id(), self.id, scenario_id, body=body), Scenario
        )

    async def adelete_scenario(self, scenario: Scenario) -> None:
        """Delete one scenario; conversations about it stay.

        Args:
            scenario: A scenario of this set.

        Raises:
            ConflictError: The set is read-only.

        Example:
            >>> scenarios.delete_scenario(scenarios.list_scenarios()[0])
        """
        session = self._bound_session()
        scenario_id = required_id_of(scenario, Scenario, "scenario")
        await session.call(delete_scenario.build(await session.project_id(), self.id, scenario_id))
        self.scenarios_count = max(0, self.scenarios_count - 1)

    add_field = blocking(aadd_field)
    rename_field = blocking(arename_field)
    delete_field = blocking(adelete_field)
    add_scenarios = blocking(aadd_scenarios)
    list_scenarios = blocking(alist_scenarios)
    get_scenario = blocking(aget_scenario)
    update_scenario = blocking(aupdate_scenario)
    delete_scenario = blocking(adelete_scenario)


def scenarios_in(scenarios: Sequence[ScenarioIn | Mapping[str, Any]]) -> list[ScenarioIn]:
    """Scenarios as the contract takes them.

    Raises:
        ValidationError: One of them is no scenario; says which.
    """
    return [
        _checked(_scenario(given, f"scenarios[{number}]"), f"scenarios[{number}]")
        for number, given in enumerate(checked_texts(scenarios, "scenarios"))
    ]


def _scenario(given: Any, where: str) -> ScenarioIn:
    if isinstance(given, ScenarioIn):
        return given
    if not isinstance(given, Mapping):
        raise ValidationError(f"{where} must be a ScenarioIn or a dict, got {quoted(given)}")
    unknown = [key for key in given if key not in _KEYS]
    if unknown:
        raise ValidationError(
            f"{where} has {', '.join(map(repr, unknown))}; a scenario has {', '.join(_KEYS)} "
            "(values of declared fields go into field_values)"
        )
    missing = [key for key in _KEYS[:2] if key not in given]
    if missing:
        raise ValidationError(f"{where} lacks {' and '.join(missing)}")
    return ScenarioIn(
        goal=given["goal"],
        expected_conversation_outcome=given["expected_conversation_outcome"],
        field_values=given.get("field_values", {}),
    )


def _checked(scenario: ScenarioIn, where: str) -> ScenarioIn:
    for name in _KEYS[:2]:
        text = getattr(scenario, name)
        if not isinstance(text, str) or not text.strip():
            raise ValidationError(f"{where}: {name} must be a text that is not empty, got {quoted(text)}")
    if not isinstance(scenario.field_values, Mapping):
        raise ValidationError(
            f"{where}: field_values must map field names to values, got {quoted(scenario.field_values)}"
        )
    return scenario
