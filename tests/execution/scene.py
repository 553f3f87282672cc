"""A database with one project, and models that do what a test says: what the tests of runs have in common."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import func, select

from elluminate_server.execution import Executor
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.http.access import open_default_project
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import Answer, JudgeCase, Model, ObjectShape, RatingMode, Verdict
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.tables import (
    Base,
    Collection,
    CollectionColumn,
    Criterion,
    CriterionSet,
    Entry,
    Experiment,
    LogLine,
    PromptTemplate,
    Rating,
    Response,
    Task,
    WorkItem,
)
from tests.support.databases import fresh_database

BOUND = 30.0
"""Seconds that any condition may take to come true before its test fails."""


class ScriptedModel(OfflineModel):
    """Answers and judges as the offline model does, unless a test says otherwise.

    Attributes:
        on_answer: Awaited before each answer, with the prompt's last text.
        on_judge: Awaited before each verdict, with the criterion.
        answered: The prompts' texts, in the order of the calls.
        judged: (criterion, answer's row value) pairs, in the order of the calls.
    """

    def __init__(self) -> None:
        self.on_answer: Callable[[str], Awaitable[None]] = _at_once
        self.on_judge: Callable[[str], Awaitable[None]] = _at_once
        self.answered: list[str] = []
        self.judged: list[str] = []

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        text = str(messages[-1]["content"])
        self.answered.append(text)
        await self.on_answer(text)
        return await super().answer(messages)

    async def judge(self, case: JudgeCase, mode: RatingMode) -> Verdict:
        self.judged.append(case.criterion)
        await self.on_judge(case.criterion)
        return await super().judge(case, mode)


async def _at_once(_text: str) -> None:
    return None


class ScriptedModels(Models):
    """One scripted model for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.model = ScriptedModel()

    def model_for(self, config: ModelConfig | None, caller: Caller | None = None) -> Model:
        return self.model

    def judge_model(self, caller: Caller | None = None) -> Model:
        return self.model


@attrs.define
class Scene:
    """An open database with an experiment in it."""

    store: Store
    settings: Settings
    models: ScriptedModels
    project_id: int
    experiment_id: int = 0

    @property
    def model(self) -> ScriptedModel:
        return self.models.model

    def executor(self, **changes: Any) -> Executor:
        return Executor(self.store, self.models, attrs.evolve(self.settings, **changes))

    async def add_experiment(
        self,
        *,
        rows: int = 3,
        criteria: Sequence[str] = ("Is it {{topic}}?", "Is it short?"),
        name: str = "e",
    ) -> int:
        async with self.store.write() as session:
            criterion_set = CriterionSet(project_id=self.project_id, name=name)
            collection = Collection(project_id=self.project_id, name=name)
            session.add_all([criterion_set, collection])
            await session.flush()
            template = PromptTemplate(
                project_id=self.project_id,
                name=name,
                version=1,
                messages=[{"role": "user", "content": "Explain {{topic}}."}],
                placeholders=["topic"],
                identity=name,
            )
            session.add_all(
                [
                    template,
                    CollectionColumn(collection_id=collection.id, name="topic", position=0),
                    *(
                        Criterion(
                            criterion_set_id=criterion_set.id,
                            criterion_str=question,
                            label=f"Criterion {place}",
                            position=place,
                        )
                        for place, question in enumerate(criteria, 1)
                    ),
                    *(
                        Entry(
                            collection_id=collection.id,
                            input_values={"topic": f"topic{number}"},
                            identity=str(number),
                        )
                        for number in range(1, rows + 1)
                    ),
                ]
            )
            await session.flush()
            experiment = Experiment(
                project_id=self.project_id,
                name=name,
                prompt_template_id=template.id,
                collection_id=collection.id,
                criterion_set_id=criterion_set.id,
            )
            session.add(experiment)
            await session.flush()
            self.experiment_id = experiment.id
        return self.experiment_id

    async def enqueue(self, executor: Executor, *, n_epochs: int = 1, **params: Any) -> str:
        async with self.store.write() as session:
            experiment = await session.get_one(Experiment, self.experiment_id)
            task_id = await add_experiment(
                session,
                executor.process,
                experiment,
                rating_mode="detailed",
                n_epochs=n_epochs,
                generation_params=params or None,
            )
        executor.wake()
        return task_id

    async def task(self, task_id: str) -> Task:
        async with self.store.read() as session:
            return await session.get_one(Task, task_id)

    async def ended(self, task_id: str) -> Task:
        """The task once it is over."""

        async def over() -> bool:
            return (await self.task(task_id)).status not in {"PENDING", "STARTED"}

        await eventually(over, f"task {task_id} is over")
        return await self.task(task_id)

    async def experiment(self) -> Experiment:
        async with self.store.read() as session:
            return await session.get_one(Experiment, self.experiment_id)

    async def all(self, table: type[Base]) -> list[Any]:
        async with self.store.read() as session:
            return list(await session.scalars(select(table).order_by(*table.__table__.primary_key)))

    async def count(self, table: type[Base]) -> int:
        async with self.store.read() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0

    async def log(self) -> list[str]:
        return [line.line for line in await self.all(LogLine)]

    async def assert_each_row_once(self, *, rows: int, criteria: int, epochs: int = 1) -> None:
        """Nothing lost, nothing doubled: one response for each row and epoch, one rating for each criterion."""
        responses = await self.all(Response)
        assert len({(r.entry_id, r.epoch) for r in responses}) == len(responses) == rows * epochs
        ratings = await self.all(Rating)
        assert len({(r.response_id, r.criterion_id) for r in ratings}) == len(ratings)
        assert len(ratings) == rows * epochs * criteria
        assert {item.state for item in await self.all(WorkItem)} == {"done"}


@asynccontextmanager
async def scene(path: Path, **settings: Any) -> AsyncIterator[Scene]:
    """An empty database (see `fresh_database`) with its default project."""
    chosen = Settings(database_url=fresh_database(path), **settings)
    async with Store(chosen.database_url) as store:
        await prepare(store)
        yield Scene(store, chosen, ScriptedModels(), await open_default_project(store, chosen))


@asynccontextmanager
async def running(executor: Executor) -> AsyncIterator[Executor]:
    """The executor, started, and stopped at the end."""
    await executor.start()
    try:
        yield executor
    finally:
        await executor.stop()


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until the condition holds, for `BOUND` seconds at most."""
    end = time.monotonic() + BOUND
    while not await condition():
        assert time.monotonic() < end, f"not within {BOUND:.0f} s: {what}"
        await asyncio.sleep(0.01)
