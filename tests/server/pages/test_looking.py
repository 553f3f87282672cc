"""What pages show of experiments and answers, and what their forms do."""

import html
import re

import anyio
import httpx
import pytest
from sqlalchemy import delete, event, select
from starlette.applications import Starlette

from elluminate_server.execution.leases import expiry
from elluminate_server.reading.kept_results import ResultsKeeper
from elluminate_server.store.engine import Store
from elluminate_server.store.states import EXPERIMENT
from elluminate_server.store.tables import AuditEvent, Experiment, Label, LogLine, Rating, Response, Task
from tests.server.conftest import World
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import CRITERIA, fill

pytestmark = pytest.mark.anyio

HOME = "/projects/1/experiments"


def texts(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


async def test_an_empty_project_says_how_to_begin(browser: Browser) -> None:
    assert "There is no experiment yet." in texts(await browser.see(HOME))


async def test_experiments_are_listed_newest_first_with_their_rates(browser: Browser, store: Store) -> None:
    first = await fill(store, rows=40, name="Older")
    second = await fill(store, rows=10, name="Newer", epochs=2)
    page = await browser.see(HOME)

    assert page.index(f'href="{HOME}/{second}"') < page.index(f'href="{HOME}/{first}"')
    said = texts(page)
    assert "Older template v1 Older rows default done 86.7% 79.2% to 91.7% 40 0" in said
    assert page.count('<svg class="bar"') == 2
    assert 'rect class="bar-interval" x="' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"q": "old"}, ["Older"]),
        ({"q": "no such"}, []),
        ({"template": "Newer template"}, ["Newer"]),
        ({"collection": "2"}, ["Newer"]),
        ({"status": "over"}, ["Newer", "Older"]),
        ({"status": "running"}, []),
        ({"status": "not-run"}, []),
        ({"from": "2020-01-01", "to": "2020-01-02"}, []),
        ({"from": "2020-01-01", "to": "nonsense"}, ["Newer", "Older"]),
        ({"page": "99"}, ["Newer", "Older"]),
        ({"page": "-1", "collection": "x" * 300, "model": "½"}, ["Newer", "Older"]),
    ],
    ids=str,
)
async def test_filters_are_parameters_of_the_address(
    browser: Browser, store: Store, query: dict[str, str], shown: list[str]
) -> None:
    for name in ("Older", "Newer"):
        await fill(store, rows=2, name=name)
    page = await browser.see(HOME, **query)
    assert re.findall(rf'href="{HOME}/\d+">(\w+)</a>', page) == shown
    if not shown:
        assert "No experiment is like that." in page


async def test_many_experiments_come_in_pages(browser: Browser, store: Store) -> None:
    for number in range(27):
        await fill(store, rows=1, name=f"Number {number}", criteria=CRITERIA[:1])
    first = await browser.see(HOME, q="Number")
    assert "27 experiments, page 1 of 2" in texts(first)
    assert f'href="{HOME}?q=Number&amp;page=2"' in first
    assert "Number 1" in await browser.see(HOME, q="Number", page="2")


async def run_under_way(store: Store, experiment_id: int) -> None:
    async with store.write() as session:
        session.add(
            Task(
                id="a" * 32,
                project_id=1,
                experiment_id=experiment_id,
                kind=EXPERIMENT,
                status="STARTED",
                # Another process has it.
                lease_owner="another",
                lease_expires_at=expiry(),
            )
        )
        await session.flush()
        session.add(LogLine(task_id="a" * 32, line="Answered <b>row</b> 1"))
        (await session.get_one(Experiment, experiment_id)).generation_task_id = "a" * 32


async def test_running_experiments_update_themselves(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=3)
    for path in (HOME, f"{HOME}/{experiment_id}"):
        page = await browser.see(path)
        assert "hx-get" not in page
        assert "htmx.min.js" not in page
        assert "http-equiv" not in page
    await run_under_way(store, experiment_id)
    for path in (HOME, f"{HOME}/{experiment_id}"):
        page = await browser.see(path)
        assert 'hx-trigger="every 2s"' in page
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
        part = await browser.http.get(path, headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert part.text.lstrip().startswith(("<div id=", "<section id="))
        assert "<html" not in part.text
        assert "HX-Refresh" not in part.headers
    assert "Answered &lt;b&gt;row&lt;/b&gt; 1" in page
    assert "<summary>Log</summary>" in page
    async with store.write() as session:
        task_id = (await session.scalars(select(LogLine.task_id).limit(1))).one()
        session.add_all([LogLine(task_id=task_id, line=f"Line {number}.") for number in range(100)])
    page = await browser.see(f"{HOME}/{experiment_id}")
    assert "<summary>Log, the last 100 lines</summary>" in page
    assert "Answered &lt;b&gt;row&lt;/b&gt; 1" not in page


async def test_there_are_no_rates_while_a_run_goes_on(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=30)
    path = f"{HOME}/{experiment_id}"
    assert "Results" in texts(await browser.see(path))
    await run_under_way(store, experiment_id)
    assert '<svg class="bar"' not in await browser.see(HOME)
    said = texts(await browser.see(path))
    assert "There are no rates while a run goes on" in said
    assert "%" not in said


@pytest.mark.parametrize(
    ("status", "reason"), [("FAILURE", "Nothing answers at http://127.0.0.1:9."), ("REVOKED", None)]
)
async def test_a_run_that_ended_before_its_first_answer_says_why_and_can_be_retried(
    browser: Browser, store: Store, status: str, reason: str | None
) -> None:
    experiment_id = await fill(store, rows=2)
    async with store.write() as session:
        await session.execute(delete(Rating))
        await session.execute(delete(Response))
        session.add(
            Task(
                id="c" * 32,
                project_id=1,
                experiment_id=experiment_id,
                kind=EXPERIMENT,
                status=status,
                error_msg=reason,
            )
        )
    page = await browser.see(f"{HOME}/{experiment_id}")
    said = texts(page)
    assert "Filled failed Template" in said
    assert (reason or "The run ended REVOKED.") in said
    assert f'action="{HOME}/{experiment_id}/retry-failed"' in page


async def test_answers_of_a_program_are_not_said_to_be_a_model_s(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=120)  # of which one failed
    async with store.write() as session:
        (await session.get_one(Experiment, experiment_id)).answers_from_elsewhere = True
    page = await browser.see(f"{HOME}/{experiment_id}")
    said = texts(page)
    assert "Model a program, not this server" in said
    assert "brought by the same call there" in said
    assert "retry-failed" not in page
    assert "a program incomplete" in texts(await browser.see(HOME))


async def test_a_run_is_cancelled_from_its_page(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=3)
    await run_under_way(store, experiment_id)
    path = f"{HOME}/{experiment_id}"
    assert f'action="{path}/cancel"' in await browser.see(path)

    answer = await browser.send(f"{path}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    part = await browser.http.get(path, headers={"HX-Request": "true"})
    assert part.headers["HX-Refresh"] == "true"
    async with store.read() as session:
        assert (await session.get_one(Task, "a" * 32)).status == "REVOKED"
        line = (
            await session.execute(select(AuditEvent).where(AuditEvent.operation == "cancel_experiment"))
        ).scalar_one()
        assert (line.object_kind, line.object_id, line.object_name) == ("experiment", experiment_id, "Filled")
        assert line.path == f"/api/v0{path}/cancel"


async def test_what_is_missing_is_retried_from_its_page(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=120)
    path = f"{HOME}/{experiment_id}"
    page = await browser.see(path)
    assert "incomplete" in texts(page)
    assert "The endpoint is away." in page
    answer = await browser.send(f"{path}/retry-failed")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    await over(store, experiment_id)
    page = await browser.see(path)
    assert "The endpoint is away." not in page
    assert "done" in texts(page), texts(page)[:1500]


async def over(store: Store, experiment_id: int) -> None:
    """Wait until it does not run any more."""
    while True:
        async with store.read() as session:
            if (await session.get_one(Experiment, experiment_id)).generation_task_id is None:
                return
        await anyio.sleep(0.01)


async def test_an_experiment_shows_its_criteria_and_rows(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=60, epochs=2)
    page = await browser.see(f"{HOME}/{experiment_id}")
    said = texts(page)

    for criterion in CRITERIA:
        assert f"{criterion} " in said
    assert "Answers that meet all criteria" in said
    assert "60 rows, page 1 of 2" in said
    assert "1 of 2 YES" in said
    assert page.count('<svg class="bar"') == 1 + len(CRITERIA) + 1
    assert '<svg class="histogram"' in page
    worst = re.findall(r"(\d) of 2 YES", said)
    assert worst == sorted(worst, key=lambda one: one != "0") or "0" in worst[:3]


@pytest.mark.parametrize("verdict", ["YES", "NO", "missing"])
async def test_rows_are_filtered_by_verdict(browser: Browser, store: Store, verdict: str) -> None:
    experiment_id = await fill(store, rows=120)
    whole = await browser.see(f"{HOME}/{experiment_id}")
    (criterion,) = re.findall(r'<option value="(\d+)">Is it right\?', whole)
    said = texts(await browser.see(f"{HOME}/{experiment_id}", verdict=verdict, criterion=criterion))
    found = re.search(r"(\d+) rows?\b", said)
    assert found is not None
    # Every seventh is NO, every hundredth answer failed.
    assert int(found[1]) == {"YES": 102, "NO": 17, "missing": 1}[verdict]


async def test_rows_are_found_by_their_text(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=20, topic='"quoted" 100% {number}')
    for text, count in (('"quoted" 100% 7', 1), ("about", 20), ("%", 20), ("_", 0), ("nothing like it", 0)):
        page = await browser.see(f"{HOME}/{experiment_id}", q=text)
        found = re.search(r"(\d+) rows?\b", texts(page))
        assert (int(found[1]) if found else 0) == count, text


async def test_answers_lead_to_each_other_within_the_filter(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=30)
    page = await browser.see(f"{HOME}/{experiment_id}", verdict="NO", sort="row")
    links = dict.fromkeys(re.findall(r'href="(/projects/1/responses/\d+\?[^"]*)"', page))
    here = html.unescape(next(iter(links)))
    assert here.endswith("?verdict=NO&sort=row")
    seen, answer = [], ""
    while here:
        seen.append(here)
        answer = await browser.see(here)
        found = re.search(r'<a rel="next"[^>]* href="([^"]*)"', answer)
        here = html.unescape(found[1]) if found else ""
    assert seen == [html.unescape(link) for link in links]
    assert 'rel="prev"' in answer


async def test_a_response_shows_all_of_it(browser: Browser, world: World, api: httpx.AsyncClient) -> None:
    rated = await api.post("/ratings", json={"prompt_response_id": world.response_id})
    assert rated.status_code == 201
    page = await browser.see(f"/projects/1/responses/{world.response_id}")
    said = texts(page)
    for text in ("Explain tides.", "The moon does it.", "Is it short?", "Is it right?", "tides"):
        assert text in said
    assert '<a data-key="Escape" href="/projects/1/experiments/1">First</a>' in page


async def test_labels_are_given_changed_and_withdrawn(
    browser: Browser, world: World, api: httpx.AsyncClient, store: Store
) -> None:
    (await api.post("/ratings", json={"prompt_response_id": world.response_id})).raise_for_status()
    path = f"/projects/1/responses/{world.response_id}"
    fields = {"criterion_id": str(world.criterion_id), "next": f"{path}?verdict=NO"}
    for value in ("YES", "NO", "NO"):
        answer = await browser.send(f"{path}/label", value=value, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?verdict=NO")
    page = await browser.see(path)
    assert re.findall(r'aria-pressed="true">(\w+)', page) == ["NO"]
    (withdrawing,) = re.findall(r'action="(/projects/1/labels/\d+/withdraw)"', page)
    assert (await browser.send(withdrawing, next="https://evil.example/")).headers["location"] == HOME
    assert "/withdraw" not in await browser.see(path)
    async with store.read() as session:
        values = await session.execute(select(Label.value, Label.superseded_at).order_by(Label.id))
        assert [(value, over is not None) for value, over in values] == [("YES", True), ("NO", True)]


@pytest.mark.parametrize(
    "fields", [{}, {"value": "MAYBE"}, {"value": "YES"}, {"value": "YES", "criterion_id": "x"}], ids=str
)
async def test_a_label_that_cannot_be_is_refused(
    browser: Browser, world: World, fields: dict[str, str]
) -> None:
    answer = await browser.send(f"/projects/1/responses/{world.response_id}/label", **fields)
    assert answer.status_code in (400, 404)


async def test_labelling_goes_from_one_to_the_next_without_the_verdict(
    browser: Browser, store: Store
) -> None:
    experiment_id = await fill(store, rows=4, criteria=CRITERIA[:2], reasoning="The judge's own words.")
    path = f"/projects/1/label?experiment={experiment_id}"
    given = 0
    while True:
        page = await browser.see(path)
        assert f"{given} of 8 labelled" in texts(page)
        assert "The judge's own words." not in html.unescape(page)
        found = re.search(r'action="(/projects/1/responses/\d+/label)"', page)
        if found is None:
            break
        (criterion,) = set(re.findall(r'name="criterion_id" value="(\d+)"', page))
        sent = await browser.send(found[1], value="YES", criterion_id=criterion, next=path)
        assert sent.headers["location"] == path
        given += 1
    assert given == 8
    assert "There is nothing left to label here." in page
    assert "judge not validated: 4 labels; it says YES to all, so that one side was never tried" in texts(
        page
    )
    (undo,) = re.findall(r'action="(/projects/1/labels/\d+/withdraw)"', page)
    assert (await browser.send(undo, next=path)).headers["location"] == path
    assert "7 of 8 labelled" in texts(await browser.see(path))


async def test_figures_of_many_answers_are_kept_and_dropped_with_what_they_are_of(
    app: Starlette, browser: Browser, store: Store
) -> None:
    experiment_id = await fill(store, rows=600, criteria=CRITERIA[:1])
    path = f"{HOME}/{experiment_id}"
    page = await browser.see(path)
    assert "What is missing is being counted" in page
    await app.state.services[ResultsKeeper].settled()
    page = await browser.see(path)
    assert "being counted" not in page
    assert await browser.see(path) == page
    async with store.write() as session:
        response = (await session.scalars(select(Response).where(Response.error.is_(None)).limit(1))).one()
        await session.delete(response)
    assert await browser.see(path) != page


async def test_what_ten_thousand_rows_take_does_not_grow_with_them(browser: Browser, store: Store) -> None:
    sizes = []
    for rows in (100, 1000):
        experiment_id = await fill(store, rows=rows, name=f"Of {rows}", criteria=CRITERIA[:1])
        sizes.append(len(await browser.see(f"{HOME}/{experiment_id}")))
    assert sizes[1] < 1.2 * sizes[0]


async def test_what_takes_long_to_read_is_read_beside_the_event_loop(browser: Browser, store: Store) -> None:
    if not store.is_sqlite:
        pytest.skip("PostgreSQL is never read in the event loop")
    for name in ("First", "Second"):
        await fill(store, rows=2, name=name)
    read_here: list[str] = []
    engine = store.reading_engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: read_here.append(given[2]))
    await browser.see("/projects/1/queue")
    assert read_here, "small pages are read where they are made"
    read_here.clear()
    for path in ("", "/1", "/../responses/1", "/../compare?ids=1&ids=2", "/../label?experiment=1"):
        await browser.see(f"{HOME}{path}")
    assert read_here == []


async def test_long_texts_of_an_answer_are_folded_and_short_ones_are_not(
    browser: Browser, store: Store
) -> None:
    await fill(store, rows=1, topic="t" * 700, answer="word " * 1500)
    page = await browser.see("/projects/1/responses/1")
    folded = re.findall(r'<details><summary>([^<]*)</summary><div class="text">([^<]*)</div>', page)
    assert [(len(short), len(long)) for short, long in folded] == [(200, 700), (400, 7500)]
    await fill(store, rows=1, name="Short")
    assert "<details><summary>" not in await browser.see("/projects/1/responses/2")
