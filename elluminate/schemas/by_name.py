"""What callers may give by its name: finding it, the one place that says how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from elluminate_api.api.collections import list_collections
from elluminate_api.api.criterion_sets import list_criterion_sets
from elluminate_api.api.llm_configs import list_llm_configs
from elluminate_api.api.personas import list_persona_groups
from elluminate_api.api.prompt_templates import list_prompt_templates
from elluminate_api.api.scenario_sets import list_scenario_sets

from elluminate._checks import checked_name
from elluminate._lookup import found, id_of
from elluminate._session import Session
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.llm_config import LLMConfig
from elluminate.schemas.persona import PersonaGroup
from elluminate.schemas.prompt_template import PromptTemplate
from elluminate.schemas.scenario_set import ScenarioSet

M = TypeVar("M")


async def prompt_template_named(session: Session, name: str, version: int | None = None) -> PromptTemplate:
    """A template in the version that is counted so, None for the latest.

    Raises:
        NotFoundError: There is none. So say all functions here.
    """
    request = list_prompt_templates.build(await session.project_id(), name=name, version=version)
    of_version = "" if version is None else f" with version {version}"
    return found(await session.first(request, PromptTemplate), f"prompt template named {name!r}{of_version}")


async def collection_named(session: Session, name: str) -> TemplateVariablesCollection:
    """A collection without its rows."""
    request = list_collections.build(await session.project_id(), name=name)
    return found(await session.first(request, TemplateVariablesCollection), f"collection named {name!r}")


async def criterion_set_named(session: Session, name: str) -> CriterionSet:
    """A criterion set with its criteria."""
    request = list_criterion_sets.build(await session.project_id(), name=name)
    return found(await session.first(request, CriterionSet), f"criterion set named {name!r}")


async def llm_config_named(session: Session, name: str) -> LLMConfig:
    """An LLM config."""
    request = list_llm_configs.build(await session.project_id(), name=name)
    return found(await session.first(request, LLMConfig), f"LLM config named {name!r}")


async def persona_group_named(session: Session, name: str) -> PersonaGroup:
    """A persona group with its personas."""
    request = list_persona_groups.build(await session.project_id(), name=name)
    return found(await session.first(request, PersonaGroup), f"persona group named {name!r}")


async def scenario_set_named(session: Session, name: str) -> ScenarioSet:
    """A scenario set. The list offers only a search in names, so that the one that is meant is picked here."""
    project = await session.project_id()
    like_it = await session.pages(
        lambda page: list_scenario_sets.build(project, name_search=name, page=page), ScenarioSet
    )
    meant = [template for template in like_it if template.name == name]
    return found(meant[0] if meant else None, f"scenario set named {name!r}")


def check_named(given: Any, kind: type[Any], argument: str) -> None:
    """Refuse what is neither a name nor an object of a kind, nor None.

    Raises:
        ValidationError: It is something else.
    """
    if isinstance(given, str):
        checked_name(given, argument)
    else:
        id_of(given, kind, argument)


async def found_by_name(
    session: Session, given: M | str | None, find: Callable[[Session, str], Awaitable[M]]
) -> M | None:
    """What is meant: the object that was given, or the one of the name that was given."""
    return await find(session, given) if isinstance(given, str) else given
