"""The server's pages in a real browser: what they fetch, run and show, for everybody, on every screen."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import update

from elluminate_server.domain.scenarios import GOAL, OUTCOME
from elluminate_server.http.access import open_default_project
from elluminate_server.settings import Settings, normalise_database_url
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.tables import (
    Collection,
    CollectionColumn,
    Entry,
    Experiment,
    LogLine,
    Persona,
    PersonaGroup,
    PersonaGroupMember,
    PersonaVersion,
    Response,
    Task,
)
from tests.browser.watching import printing, watched
from tests.server.pages.filling import fill

Page = Any
"""`playwright.sync_api.Page`; the package comes with an extra of its own."""

SIZES = [(1280, 900), (320, 640)]
ATTACK = (
    "\"'><script>window.hit=1</script><img src=x onerror='window.hit=1'><a hx-get='http://192.0.2.1/'>\u202e"
)


@attrs.frozen
class Served:
    """A server with pages.

    Attributes:
        address: Its base URL.
        link: Opens a session, once.
        ids: Of its experiments, by what they are for.
    """

    address: str
    link: str
    ids: dict[str, int]


async def _fill(path: Path) -> dict[str, int]:
    settings = Settings(database_url=normalise_database_url(str(path)))
    async with Store(settings.database_url) as store:
        await prepare(store)
        await open_default_project(store, settings)
        ids = {
            "small": await fill(store, rows=60, name="Small", epochs=2),
            "large": await fill(store, rows=2000, name="Large"),
            "hostile": await fill(
                store,
                rows=5,
                name=ATTACK,
                criteria=[ATTACK, f"{ATTACK} too"],
                topic=ATTACK,
                answer=ATTACK,
                reasoning=ATTACK,
            ),
            "running": await fill(store, rows=5, name="Running"),
        }
        async with store.write() as session:
            for name in ("hostile", "running"):
                task = Task(id=name[0] * 32, project_id=1, experiment_id=ids[name], kind="experiment")
                task.status = "SUCCESS" if name == "hostile" else "STARTED"
                session.add(task)
                await session.flush()
                session.add(LogLine(task_id=task.id, line=ATTACK))
            await session.execute(
                update(Experiment).where(Experiment.id == ids["running"]).values(generation_task_id="r" * 32)
            )
            await session.execute(
                update(Response).where(Response.experiment_id == ids["hostile"]).values(annotation=ATTACK)
            )
            persona = Persona(project_id=1, name=ATTACK)
            group = PersonaGroup(project_id=1, name=ATTACK, description=ATTACK)
            scenarios = Collection(project_id=1, name=ATTACK, description=ATTACK, is_scenario_set=True)
            session.add_all([persona, group, scenarios])
            await session.flush()
            session.add_all(
                [
                    PersonaVersion(
                        persona_id=persona.id, version=number, description=ATTACK, domain_knowledge=ATTACK
                    )
                    for number in (1, 2)
                ]
            )
            session.add(PersonaGroupMember(persona_group_id=group.id, persona_id=persona.id, position=0))
            fields = (GOAL, OUTCOME, "mood")
            session.add_all(
                CollectionColumn(collection_id=scenarios.id, name=name, position=place)
                for place, name in enumerate(fields)
            )
            scenario = Entry(
                collection_id=scenarios.id, input_values=dict.fromkeys(fields, ATTACK), identity="s" * 64
            )
            session.add(scenario)
            await session.flush()
            ids |= {"persona": persona.id, "group": group.id, "set": scenarios.id, "scenario": scenario.id}
        return ids


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    path = tmp_path_factory.mktemp("pages") / "pages.db"
    found: list[dict[str, int]] = []
    # In a thread of its own: Playwright has the loop of this one.
    filling = threading.Thread(target=lambda: found.append(asyncio.run(_fill(path))))
    filling.start()
    filling.join()
    return path, found[0]


@pytest.fixture
def served(database: tuple[Path, dict[str, int]]) -> Iterator[Served]:
    path, ids = database
    # Without work: a run that only seems to go on is left alone.
    with printing("serve", "--no-work", "--port", "0", "--database", str(path)) as link:
        yield Served(link.partition("/login")[0], link, ids)


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Any, served: Served) -> Iterator[Opener]:
    """Opens pages in one session, and fails for whatever they fetch elsewhere, run or complain of."""
    wrong: list[str] = []
    contexts: list[Any] = []
    first = browser.new_context()
    first.new_page().goto(served.link)
    cookies = first.cookies()
    first.close()

    def open_(path: str, size: tuple[int, int] = SIZES[0], scheme: Any = "light", **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        context.add_cookies(cookies)
        page = watched(context.new_page(), served.address, wrong)
        page.goto(f"{served.address}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def paths(ids: dict[str, int], response_id: int = 1) -> list[str]:
    small = ids["small"]
    return [
        "/projects/1/experiments",
        f"/projects/1/experiments/{small}",
        f"/projects/1/experiments/{ids['running']}",
        f"/projects/1/experiments/{ids['hostile']}",
        f"/projects/1/responses/{response_id}",
        f"/projects/1/compare?ids={small}&ids={ids['large']}",
        f"/projects/1/compare?ids={small}&ids={ids['large']}&ids={ids['hostile']}&ids={ids['running']}&base=x",
        f"/projects/1/label?experiment={small}",
        "/projects/1/personas",
        f"/projects/1/personas/{ids['persona']}",
        "/projects/1/persona-groups",
        f"/projects/1/persona-groups/{ids['group']}",
        "/projects/1/scenario-sets",
        f"/projects/1/scenario-sets/{ids['set']}",
        f"/projects/1/scenario-sets/{ids['set']}/scenarios/{ids['scenario']}",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_runs_and_what_is_hostile_is_for_everybody_too(
    opened: Opener, served: Served, size: tuple[int, int], scheme: str
) -> None:
    axe = import_module("axe_playwright_python.sync_playwright").Axe()
    script = Path(import_module("axe_playwright_python.base").AXE_FILE_PATH).read_text("utf-8")
    for name in ("running", "hostile"):
        # axe runs as a script in the page: of this context alone, the policy lets it.
        page = opened(f"/projects/1/experiments/{served.ids[name]}", size, scheme, bypass_csp=True)
        page.evaluate(script)
        found = axe.run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], name
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], name


def test_no_page_is_stopped_by_its_policy_or_asks_elsewhere(opened: Opener, served: Served) -> None:
    for path in paths(served.ids, response_id=2122):
        page = opened(path)
        assert page.evaluate("window.hit") is None, path
        assert page.locator("h1").count() == 1


def test_running_experiments_are_asked_for_again(opened: Opener, served: Served) -> None:
    page = opened(f"/projects/1/experiments/{served.ids['running']}")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        pass
    assert page.locator("#progress h2").inner_text() == "Running"
    listed = opened("/projects/1/experiments")
    listed.locator(f"#tick-{served.ids['small']}").check()
    with listed.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        pass
    listed.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    assert listed.locator(f"#tick-{served.ids['small']}").is_checked()


def test_everything_is_done_without_scripts(opened: Opener, served: Served) -> None:
    page = opened("/projects/1/experiments", java_script_enabled=False)
    page.get_by_label("Name").fill("Small")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Small", exact=True).click()
    assert page.locator("h1").inner_text() == "Small"
    page.locator("select[name=verdict]").select_option("NO")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="NO").or_(page.get_by_role("link", name="YES")).first.click()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("button", name="UNSURE").first.click()
    assert "says UNSURE" in page.locator("main").inner_text()
    page.get_by_role("button", name="Log out").click()
    assert page.get_by_label("API key").is_visible()


def test_labels_are_given_by_keyboard_alone(opened: Opener, served: Served) -> None:
    page = opened(f"/projects/1/label?experiment={served.ids['large']}")

    def labelled() -> int:
        found = re.match(r"(\d+) of", page.get_by_role("status").inner_text())
        assert found is not None
        return int(found[1])

    for number, key in enumerate("ynun", 1):
        with page.expect_navigation():
            page.keyboard.press(key)
        assert labelled() == number
    with page.expect_navigation():
        page.keyboard.press("z")
    assert labelled() == 3

    page = opened(f"/projects/1/experiments/{served.ids['large']}?sort=row")
    with page.expect_navigation():
        page.locator("tbody a", has_text="answer").first.click()
    here = page.url
    for key in ("j", "ArrowRight", "k", "ArrowLeft"):
        with page.expect_navigation():
            page.keyboard.press(key)
    assert page.url == here
    page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_a_demo_is_one_command(browser: Any) -> None:
    with printing("view", "--demo", "--no-browser") as link:
        page = browser.new_context().new_page()
        page.goto(link)
        page.get_by_role("link", name="Explain like a tutor, version 2").click()
        assert page.locator("h1").inner_text() == "Explain like a tutor, version 2"
        page.context.close()
