"""What a MULTI_TURN experiment needs: personas, something that they want, and a model they talk with."""

from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.scenarios import GOAL, goal_column
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.loading import columns_of
from elluminate_server.store.tables import Collection, PromptTemplate

__all__ = ["check_goals", "check_multi_turn", "check_system_only"]


def check_multi_turn(request: models.CreateExperimentRequest) -> int:
    """Refuse what a MULTI_TURN experiment lacks or cannot have; the id of its persona group.

    Raises:
        Invalid: Names the field.
    """
    if request.persona_group_id is None:
        raise Invalid(
            "$.persona_group_id: a MULTI_TURN experiment needs a persona group, which says who talks."
        )
    if (request.collection_id is None) == (request.scenario_set_id is None):
        given = "neither" if request.collection_id is None else "both"
        raise Invalid(
            f"A MULTI_TURN experiment is about exactly one of $.collection_id and $.scenario_set_id; got {given}."
        )
    for name, value in (
        ("response_column_id", request.response_column_id),
        ("agent_config", request.agent_config),
        ("evaluation_agent_config", request.evaluation_agent_config),
    ):
        if value is not None:
            raise Invalid(
                f"$.{name}: a MULTI_TURN experiment has none; its conversations are held when it runs."
            )
    return request.persona_group_id


def check_system_only(template: PromptTemplate) -> None:
    """Refuse a template that says more than who the model is: the turns are the conversation's.

    Raises:
        Invalid: It is not exactly one system message.
    """
    roles = [str(message.get("role")) for message in template.messages]
    if roles != ["system"]:
        raise Invalid(
            f"$.prompt_template_id: the template of a MULTI_TURN experiment is exactly one system message, and "
            f"{template.name!r} (version {template.version}) has: {', '.join(roles)}. The personas say the rest."
        )


async def check_goals(session: AsyncSession, collection: Collection) -> None:
    """Refuse rows that do not say what a persona wants.

    Raises:
        Invalid: There is no column for it, or the rows are agents' tasks.
    """
    if collection.collection_type == models.CollectionType.AGENTIC:
        raise Invalid(
            f"$.collection_id: collection {collection.name!r} is AGENTIC: its rows are tasks of agents. A MULTI_TURN "
            "experiment takes a scenario set, or a collection of another type."
        )
    columns = [(column.name, column.column_type) for column in await columns_of(session, collection.id)]
    if goal_column(columns) is None:
        names = ", ".join(f"{name!r} ({kind})" for name, kind in columns) or "none"
        raise Invalid(
            f"$.collection_id: collection {collection.name!r} does not say what a persona wants: it has no column of "
            f"type persona_goal, and none named {GOAL!r}. Its columns are: {names}."
        )
