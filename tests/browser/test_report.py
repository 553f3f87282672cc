"""The HTML report in a real browser: what it fetches, runs and shows, for everybody, on every screen and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from elluminate import Client
from elluminate.gates import RateThreshold, Thresholds
from elluminate.reports import html_report, result_of
from elluminate.suites import SuiteResult
from elluminate_server import serving
from tests.support.model_server import CapturedRequest, ModelServer

Page = Any
"""`playwright.sync_api.Page`; the package comes with an extra of its own."""

ATTACKS = [
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<svg onload='window.hit = 1'>",
    "<svg><script>window.hit = 1</script></svg>",
    "'\"><script>window.hit = 1</script>",
    '" onmouseover="window.hit = 1',
    "' autofocus onfocus='window.hit = 1",
    "<a href='javascript:window.hit = 1'>click</a>",
    "<iframe src='http://192.0.2.1/'></iframe>",
    "<link rel=stylesheet href='http://192.0.2.1/x.css'>",
    "<style>@import 'http://192.0.2.1/x.css';</style>",
    "</style><script>window.hit = 1</script>",
    "<meta http-equiv=refresh content='0;url=http://192.0.2.1/'>",
    "<base href='http://192.0.2.1/'>",
    "<form action='http://192.0.2.1/'><button>go</button></form>",
    "{{ 7 * 7 }}{% for x in y %}${7*7}",
    "<!-- --><!--[if IE]><script>window.hit = 1</script><![endif]-->",
    "</details></section><script>window.hit = 1</script>",
    "\u202e<script>window.hit = 1</script>\u202c&lt;script&gt;",
    "<math><mtext><img src=x onerror='window.hit = 1'></mtext></math>",
    "\x00<scr\x00ipt>window.hit = 1</scr\x00ipt>",
]
SIZES = [(1280, 900), (320, 640)]


@pytest.fixture(scope="module")
def page_of(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Page]]:
    """Opens a report, and fails for whatever it fetches, runs or complains of."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def opened(text: str, size: tuple[int, int] = SIZES[0], scheme: Any = "light") -> Page:
        path = tmp_path_factory.mktemp("report") / "report.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None
        )
        page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def large() -> Iterator[SuiteResult]:
    """A thousand answers of the offline model, some of which fail."""
    with Client(base_url="local::memory:large-report") as client:
        rows = [{"topic": f"topic {number}", "note": "words " * 20} for number in range(1000)]
        collection = client.create_collection("Large", variables=rows)
        template = client.create_prompt_template("Large", template="Explain {{topic}}: {{note}}")
        criteria = ["Does it give an example?", "Is it at most 40 words long?", "Is it polite?"]
        experiment = client.run_experiment("Large", template, collection, criteria=criteria)
        wanted = Thresholds(pass_rate=RateThreshold(at_least=0.99, lower_bound=0.5))
        yield result_of(experiment, experiment.statistics(), wanted)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuiteResult]:
    """Attacks in names, rows, answers, criteria and reasons."""

    def attack_in(request: CapturedRequest) -> str:
        number = len(model.requests)
        return ATTACKS[number % len(ATTACKS)].replace("\x00", "")

    database = tmp_path_factory.mktemp("hostile") / "hostile.db"
    with ModelServer() as model, pytest.MonkeyPatch.context() as environment:
        environment.setenv("ELLUMINATE_LLM_BASE_URL", model.base_url)
        environment.setenv("ELLUMINATE_LLM_MODEL", "hostile")
        model.answer = attack_in
        model.verdict = lambda request: '{"reasoning": "<img src=x onerror=window.hit=1>", "rating": "NO"}'
        clean = [attack.replace("\x00", "") for attack in ATTACKS]
        with Client(base_url=f"local:{database.as_posix()}") as client:
            collection = client.create_collection("Hostile", variables=[{"attack": one} for one in clean])
            template = client.create_prompt_template(clean[0], template="Say {{attack}}")
            experiment = client.run_experiment(
                f"Hostile {clean[4]}", template, collection, criteria=[f"Is it {one}?" for one in clean[:3]]
            )
            yield result_of(experiment, experiment.statistics())
        serving.stop_local_server(str(database))


def test_a_thousand_answers_are_one_file_of_less_than_5_mb(
    large: SuiteResult, page_of: Callable[..., Page]
) -> None:
    text = html_report(large)

    assert len(text.encode("utf-8")) < 5_000_000
    page = page_of(text)
    assert page.locator("details.answer").count() == 1000
    assert page.locator("script").count() == 0
    first = page.locator("details.answer").first
    assert first.get_attribute("class") == "answer failed", "what did not pass comes first"
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert first.locator("dd").first.is_visible()


def found_by_axe(page: Page) -> Any:
    """What axe-core finds; the page's policy forbids scripts, and the browser's debugger lets this one in."""
    return import_module("axe_playwright_python.sync_playwright").Axe().run(page)


@pytest.mark.parametrize(
    ("which", "size", "scheme"),
    [
        pytest.param("hostile", SIZES[0], "light", id="hostile-desktop-light"),
        pytest.param("hostile", SIZES[0], "dark", id="hostile-desktop-dark"),
        pytest.param("hostile", SIZES[1], "light", id="hostile-phone-light"),
        pytest.param("hostile", SIZES[1], "dark", id="hostile-phone-dark"),
        # A thousand answers take axe half a minute each time: both themes and both sizes, once.
        pytest.param("large", SIZES[0], "light", id="large-desktop-light"),
        pytest.param("large", SIZES[1], "dark", id="large-phone-dark"),
    ],
)
def test_axe_finds_nothing(
    which: str,
    size: tuple[int, int],
    scheme: str,
    page_of: Callable[..., Page],
    request: pytest.FixtureRequest,
) -> None:
    page = page_of(html_report(request.getfixturevalue(which)), size, scheme)
    for number in range(3):
        page.locator("details.answer > summary").nth(number).click()
    results = found_by_axe(page)

    assert results.violations_count == 0, results.generate_report()


def test_axe_would_find_something(hostile: SuiteResult, page_of: Callable[..., Page]) -> None:
    page = page_of(html_report(hostile).replace('<html lang="en">', "<html>"))

    assert found_by_axe(page).violations_count == 1


@pytest.mark.parametrize("which", ["hostile", "large"])
def test_nothing_is_wider_than_a_phone(
    which: str, page_of: Callable[..., Page], request: pytest.FixtureRequest
) -> None:
    page = page_of(html_report(request.getfixturevalue(which)), (320, 640))
    page.locator("details.answer > summary").first.click()

    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")


def test_text_under_test_is_text(hostile: SuiteResult, page_of: Callable[..., Page]) -> None:
    page = page_of(html_report(hostile))
    for summary in page.locator("details.answer > summary").all():
        summary.click()

    assert page.evaluate("window.hit") is None
    for tag in ("script", "img", "iframe", "link", "form", "base", "a", "math", "button"):
        assert page.locator(tag).count() == 0, tag
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    on = "[...document.querySelectorAll('*')].some(e => [...e.attributes].some(a => a.name.startsWith('on')))"
    assert page.evaluate(on) is False
    shown = page.locator("main").inner_text()
    for attack in (ATTACKS[0], ATTACKS[2], ATTACKS[16]):
        assert attack in shown


def test_it_is_printed_whole(large: SuiteResult, page_of: Callable[..., Page], tmp_path: Path) -> None:
    page = page_of(html_report(large))

    assert page.pdf(path=str(tmp_path / "report.pdf"), format="A4")[:4] == b"%PDF"
