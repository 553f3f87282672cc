"""Rows that are edited while a run goes on: each answer stands with the messages that the model was sent."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution import working
from elluminate_server.execution.generation import Generated, Subject, load_subjects
from elluminate_server.execution.plans import Plan, load_plan
from elluminate_server.execution.records import NewResponse
from elluminate_server.execution.storing import store_responses
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Entry, Prompt, Response
from tests.execution.scene import Scene, running, scene

pytestmark = pytest.mark.anyio


async def test_an_answer_to_another_prompt_than_the_row_has_is_not_stored(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        experiment_id = await stage.add_experiment(rows=1)
        async with stage.store.read() as session:
            plan = await load_plan(session, experiment_id)
            assert plan is not None
            (before,) = (await load_subjects(session, plan, [1])).values()
        after = attrs.evolve(before, messages=[{"role": "user", "content": "Explain tides."}])
        answers = [
            NewResponse(plan=plan, subject=subject, generated=Generated(), epoch=epoch)
            for epoch, subject in enumerate([before, after, before], 1)
        ]
        together = await stage.store.write_at_once(lambda here: store_responses(here, answers))
        later = await stage.store.write_at_once(lambda here: store_responses(here, answers[1:2]))
    assert (together, later) == ([1, None, 2], [None])


class Editing:
    """Reads rows as a run does, and edits them before it reads the second slice."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._slices = 0
        self.done = asyncio.Event()

    async def load_subjects(
        self, session: AsyncSession, plan: Plan, entry_ids: Sequence[int]
    ) -> dict[int, Subject]:
        self._slices += 1
        if self._slices != 2:
            return await load_subjects(session, plan, entry_ids)
        async with self._store.write() as writing:
            await writing.execute(update(Entry).values(input_values={"topic": "tides"}, identity="edited"))
        async with self._store.read() as later:
            found = await load_subjects(later, plan, entry_ids)
        self.done.set()
        return found


async def sent(stage: Scene) -> dict[int, str]:
    """What the prompts of the responses say, by epoch."""
    prompts = {prompt.id: prompt for prompt in await stage.all(Prompt)}
    return {
        response.epoch: prompts[response.prompt_id].messages[-1]["content"]
        for response in await stage.all(Response)
    }


async def test_an_answer_stands_with_the_messages_that_were_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene(tmp_path) as stage:
        editing = Editing(stage.store)
        monkeypatch.setattr(working, "load_subjects", editing.load_subjects)

        async def until_edited(_: str) -> None:
            await editing.done.wait()

        stage.model.on_answer = until_edited
        await stage.add_experiment(rows=1)
        async with running(stage.executor(concurrency=1)) as executor:
            task = await stage.ended(await stage.enqueue(executor, n_epochs=2))
        assert task.status == "SUCCESS"
        await stage.assert_each_row_once(rows=1, criteria=2, epochs=2)
        answers = {response.epoch: str(response.messages) for response in await stage.all(Response)}
        for epoch, prompt in (await sent(stage)).items():
            topic = prompt.removeprefix("Explain ").removesuffix(".")
            assert topic in answers[epoch]
            assert prompt in stage.model.answered
