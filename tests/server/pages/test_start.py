"""An experiment that is started from a page."""

import httpx
import pytest
from sqlalchemy import func, select, update

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import (
    AuditEvent,
    Collection,
    CriterionSet,
    Entry,
    Experiment,
    PromptTemplate,
    Task,
)
from tests.server.conftest import World, created
from tests.server.pages.conftest import Browser
from tests.server.pages.looking import HOSTILE, check_harmless

pytestmark = pytest.mark.anyio

START = "/projects/1/start"


def _fields(world: World, **changed: str) -> dict[str, str]:
    return {
        "name": "From a page",
        "template": str(world.prompt_template_id),
        "collection": str(world.collection_id),
        "criterion_set": str(world.criterion_set_id),
        "model": "",
        "epochs": "2",
        **changed,
    }


async def test_an_empty_project_shows_how_to_begin(browser: Browser) -> None:
    page = await browser.see(START)
    for command in ("elluminate view --demo", "elluminate init", "elluminate run suite.yaml"):
        assert command in page
    assert f'action="{START}"' not in page


async def test_an_empty_project_loads_an_example_once(browser: Browser, store: Store) -> None:
    for page in (await browser.see(START), await browser.see("/projects/1/experiments")):
        assert f'action="{START}/demo"' in page
        assert "96 answers by the built-in offline model, which measure nothing." in page
    for _ in range(2):
        answer = await browser.send(f"{START}/demo")
        assert (answer.status_code, answer.headers["location"]) == (303, "/projects/1/experiments")
    async with store.read() as session:
        rows = (await session.scalars(select(Experiment).order_by(Experiment.id))).all()
        assert [row.name for row in rows] == [
            "Explain like a tutor, version 1",
            "Explain like a tutor, version 2",
        ]
        for table, count in ((Task, 2), (Collection, 1), (CriterionSet, 1), (PromptTemplate, 2), (Entry, 24)):
            assert await session.scalar(select(func.count()).select_from(table)) == count, table
    page = await browser.see("/projects/1/experiments")
    assert "Explain like a tutor v2" in page
    assert f'action="{START}/demo"' not in page


async def test_one_is_made_and_started(
    browser: Browser, api: httpx.AsyncClient, store: Store, world: World
) -> None:
    page = await browser.see(START, template=str(world.prompt_template_id))
    assert f'<option value="{world.prompt_template_id}" selected>Tutor v1</option>' in page
    answer = await browser.send(START, **_fields(world))
    async with store.read() as session:
        row = await session.scalar(select(Experiment).where(Experiment.name == "From a page"))
        assert row is not None
        run = await session.scalar(select(Task).where(Task.experiment_id == row.id))
        lines = select(AuditEvent).where(AuditEvent.operation == "create_experiment")
        line = (await session.scalars(lines.order_by(AuditEvent.id.desc()))).first()
    assert (answer.status_code, answer.headers["location"]) == (303, f"/projects/1/experiments/{row.id}")
    assert run is not None
    assert run.kind == "experiment"
    assert (row.n_epochs, row.criterion_set_id) == (2, world.criterion_set_id)
    assert line is not None
    assert (line.object_id, line.object_name) == (row.id, "From a page")
    assert (await browser.send(START, **_fields(world))).status_code == 409


async def test_the_form_chooses_criteria_that_there_are(
    browser: Browser, api: httpx.AsyncClient, store: Store, world: World
) -> None:
    await created(api, "/criterion_sets", {"name": "Empty"})
    newest = await created(
        api, "/criterion_sets", {"name": "Newest", "criteria": [{"criterion_str": "Is it?"}]}
    )
    chosen = f'<option value="{newest["id"]}" selected>Newest</option>'
    assert chosen in await browser.see(START)
    assert chosen in await browser.see(START, template=str(world.prompt_template_id))
    asked = await browser.see(START, criterion_set=str(world.criterion_set_id))
    assert f'<option value="{world.criterion_set_id}" selected>' in asked
    assert chosen not in asked
    answer = await browser.send(START, **_fields(world, criterion_set=""))
    assert "Criterion set: there is no criterion to judge the answers by." in answer.text
    assert '<select id="criterion_set" name="criterion_set" aria-invalid="true"' in answer.text
    async with store.write() as session:
        await session.execute(update(PromptTemplate).values(criterion_set_id=world.criterion_set_id))
    for page in (await browser.see(START), await browser.see(START, template=str(world.prompt_template_id))):
        assert chosen not in page
        assert '<option value="">that of the template, where it has one</option>' in page


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"name": " "}, 422),
        ({"collection": ""}, 422),
        ({"collection": "999"}, 404),
        ({"collection": "x"}, 404),
        ({"template": "999"}, 404),
        ({"criterion_set": "999"}, 404),
        ({"model": "999"}, 404),
        ({"template": ""}, 422),
        ({"criterion_set": ""}, 422),  # the template has none of its own
        ({"epochs": "0"}, 422),
        ({"epochs": "many"}, 422),
        ({"description": "x" * 10_001}, 422),
    ],
    ids=str,
)
async def test_what_could_not_run_is_refused(
    browser: Browser, store: Store, world: World, changed: dict[str, str], status: int
) -> None:
    answer = await browser.send(START, **_fields(world, **changed))
    assert answer.status_code == status, answer.text
    async with store.read() as session:
        assert await session.scalar(select(Experiment.id).where(Experiment.name == "From a page")) is None


async def test_what_is_of_another_project_starts_nothing(
    browser: Browser, other: httpx.AsyncClient, world: World
) -> None:
    theirs = await created(other, "/collections", {"name": "Theirs", "variables": [{"topic": "x"}]})
    answer = await browser.send(START, **_fields(world, collection=str(theirs["id"])))
    assert answer.status_code == 404
    assert "Theirs" not in await browser.see(START)


async def test_hostile_text_is_text(browser: Browser, api: httpx.AsyncClient) -> None:
    for text in HOSTILE:
        await created(api, "/collections", {"name": text})
        await created(api, "/criterion_sets", {"name": text})
    check_harmless(await browser.see(START))
