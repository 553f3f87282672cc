"""An example to look at: two versions of a prompt over the same rows, answered and judged."""

from collections.abc import Sequence

from elluminate_api.models import CreateExperimentRequest, CreatePromptTemplateRequest
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.leases import Process
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.providers import Models
from elluminate_server.settings import Settings
from elluminate_server.store.tables import Collection, CollectionColumn, Experiment
from elluminate_server.writing.criteria import WantedCriterion, add_criterion_set
from elluminate_server.writing.entries import add_entries
from elluminate_server.writing.naming import of_project, refuse_taken
from elluminate_server.writing.planned_experiments import add_standard, start_if_asked
from elluminate_server.writing.prompt_templates import add_prompt_template, checked_template

__all__ = ["DEMO_ANSWERS", "add_demo", "is_offline"]

_NAME = "Explain like a tutor"
_PROMPTS = (
    "Explain {{concept}} to a {{reader}}.",
    "You are a patient tutor. Explain {{concept}} to a {{reader}} in three sentences, with one example.",
)
_CONCEPTS = (
    "recursion",
    "closures",
    "tail calls",
    "garbage collection",
    "hash tables",
    "floating point",
    "race conditions",
    "binary search",
    "unit tests",
    "version control",
    "caching",
    "encryption",
)
_READERS = ("beginner", "colleague")
_CRITERIA = (
    "Is the explanation correct?",
    "Does it fit the reader?",
    "Is there an example?",
)
_EPOCHS = 2
DEMO_ANSWERS = len(_PROMPTS) * len(_CONCEPTS) * len(_READERS) * _EPOCHS
"""Answers that it takes, each with a verdict by each criterion."""


def is_offline(models: Models) -> bool:
    """Whether the built-in offline model answers and judges for the server, and measures nothing."""
    return isinstance(models.model_for(None), OfflineModel) and isinstance(models.judge_model(), OfflineModel)


async def add_demo(
    session: AsyncSession, project_id: int, settings: Settings, process: Process
) -> Sequence[Experiment]:
    """Store the example and queue its runs; the executor has to be woken then. Where it is, nothing is stored again.

    Args:
        session: The caller's write transaction.
        project_id: Where.
        settings: Of the server.
        process: Of the executor.

    Returns:
        Its experiments.

    Raises:
        Taken: Something else has one of its names.
    """
    names = [f"{_NAME}, version {number}" for number in range(1, len(_PROMPTS) + 1)]
    named = of_project(Experiment, project_id).where(Experiment.name.in_(names)).order_by(Experiment.id)
    there = (await session.scalars(named)).all()
    if there:
        return there
    collection = await _add_rows(session, project_id)
    criteria = [WantedCriterion(text) for text in _CRITERIA]
    criterion_set = await add_criterion_set(session, project_id, "A good explanation", criteria)
    made = []
    for name, prompt in zip(names, _PROMPTS, strict=True):
        wanted = CreatePromptTemplateRequest(name=_NAME, messages=[{"role": "user", "content": prompt}])
        template = await add_prompt_template(session, project_id, wanted, checked_template(wanted))
        request = CreateExperimentRequest(
            name=name,
            description="The example that elluminate brings along.",
            prompt_template_id=template.id,
            collection_id=collection.id,
            criterion_set_id=criterion_set.id,
            n_epochs=_EPOCHS,
            generate=True,
        )
        row = await add_standard(session, project_id, settings, request)
        await start_if_asked(session, process, request, row)
        made.append(row)
    return made


async def _add_rows(session: AsyncSession, project_id: int) -> Collection:
    name = "Concepts and readers"
    await refuse_taken(session, project_id, Collection, "a collection", name)
    collection = Collection(project_id=project_id, name=name)
    session.add(collection)
    await session.flush()
    session.add_all(
        CollectionColumn(collection_id=collection.id, name=column, position=place)
        for place, column in enumerate(("concept", "reader"))
    )
    rows = [{"concept": concept, "reader": reader} for concept in _CONCEPTS for reader in _READERS]
    await add_entries(session, collection.id, [(dict(row), None) for row in rows])
    return collection
