"""A form that is refused: it comes again with what was typed, and says in words what is wrong and where."""

import html
import re

import httpx
import pytest
from sqlalchemy import select

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Criterion
from tests.server.conftest import World, created
from tests.server.pages.conftest import ORIGIN, Browser
from tests.server.pages.filling import fill
from tests.server.pages.looking import HOSTILE, check_harmless
from tests.server.pages.test_looking import texts

pytestmark = pytest.mark.anyio

HERE = "/projects/1"
TYPED = '  Näme "<b>&amp;'
LINES = "\n\nfirst </textarea><script>\n  second\u202e\x1b"


_PERSONA = {"name": "New", "description": LINES, "knowledge": TYPED}
_SCENARIO = {"goal": TYPED, "outcome": LINES, "field.mood": TYPED}
_BOUGHT = {"goal": " Buys. ", "outcome": "Pays.", "field.mood": ""}
_ASKED_OF_SCENARIOS = {"goal": "What the user wants", "outcome": "How the conversation should end"}


def values(page: str, action: str) -> dict[str, str | None]:
    """What a browser has in the fields of a form."""
    (form,) = re.findall(rf'<form method="post" action="{action}".*?</form>', page, re.DOTALL)[:1]
    found: dict[str, str | None] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("type") != "checkbox":
            found[given["name"]] = html.unescape(given.get("value", ""))
        elif re.search(r"\schecked[\s>]", tag):
            found[given["name"]] = f"{found.get(given['name'], '')} {given['value']}".strip()
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', form):
        found[name] = "".join(
            chr(int(one[2:-1])) if re.fullmatch(r"&#\d+;", one) else html.unescape(one)
            for one in re.findall(r"&[^;]+;|[^&]+", text)
        )
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form):
        chosen = re.findall(r'<option value="([^"]*)" selected>', options)
        found[name] = html.unescape(chosen[0]) if chosen else None
    return found


def told(page: str) -> str:
    (notice,) = re.findall(r'<p class="notice" role="alert" id="refused"[^>]*>.*?</p>', page)
    return texts(f"<main>{notice}</main>")


async def test_a_refused_form_has_all_that_was_typed(
    browser: Browser, api: httpx.AsyncClient, world: World
) -> None:
    ada = await created(api, "/personas", {"name": "Ada", "description": "Short."})
    bob = await created(api, "/personas", {"name": "Bob", "description": "Short."})
    scenarios = await created(api, "/scenario-sets", {"name": "Shop", "fields": ["mood"]})
    shop = f"{HERE}/scenario-sets/{scenarios['id']}"
    group = await created(api, "/persona-groups", {"name": "All", "persona_ids": [ada["id"]]})
    bought = await created(
        api,
        f"/scenario-sets/{scenarios['id']}/scenarios",
        {"goal": "Buys.", "expected_conversation_outcome": "Pays."},
    )
    scenario = f"{shop}/scenarios/{bought['id']}"
    walks = {"goal": "Walks.", "expected_conversation_outcome": "Leaves."}
    other = await created(api, f"/scenario-sets/{scenarios['id']}/scenarios", walks)
    other_scenario = f"{shop}/scenarios/{other['id']}"
    ticked = {"persona": str(bob["id"])}
    criteria = f"{HERE}/criterion-sets/{world.criterion_set_id}"
    chosen = {
        "template": str(world.prompt_template_id),
        "collection": str(world.collection_id),
        "criterion_set": str(world.criterion_set_id),
        "model": str(world.llm_config_id),
    }
    cases: list[tuple[str, dict[str, str], int, str, str]] = [
        (
            f"{HERE}/start",
            {"name": TYPED, "description": LINES, "epochs": "0", **chosen},
            422,
            "epochs",
            "This did not work. Epochs: has to be at least 1, not 0.",
        ),
        (
            f"{HERE}/start",
            {"name": " ", "description": "d", "epochs": "3", **chosen},
            422,
            "name",
            "This did not work. Name: ",
        ),
        (
            f"{HERE}/start",
            {"name": "x", "description": "d", "epochs": "3", **chosen, "template": ""},
            422,
            "template",
            "This did not work. Template: the rows of collection 'Topics' hold no prompts of their own. Choose",
        ),
        (
            f"{HERE}/personas",
            {"name": "Ada", "description": LINES, "knowledge": TYPED},
            409,
            "name",
            "This name is taken. The project has a persona named 'Ada' already",
        ),
        (
            f"{HERE}/persona-groups",
            {"name": "All", "description": TYPED, "persona": str(bob["id"])},
            409,
            "name",
            "This name is taken. The project has a persona group named 'All' already",
        ),
        (
            f"{HERE}/scenario-sets",
            {"name": "Shop", "description": LINES, "fields": "a, b"},
            409,
            "name",
            "This name is taken. The project has a scenario set named 'Shop' already",
        ),
        (
            f"{HERE}/scenario-sets",
            {"name": "Other", "description": LINES, "fields": "goal"},
            422,
            "fields",
            "This did not work. Further fields of its scenarios: every scenario has 'goal' already",
        ),
        (
            f"{shop}/scenarios",
            {"goal": " ", "outcome": LINES, "field.mood": TYPED},
            422,
            "goal",
            "This did not work. What the user wants: ",
        ),
        (
            shop,
            {"name": "", "description": TYPED},
            422,
            "name",
            "This did not work. Name: must not be empty.",
        ),
        (
            f"{criteria}/criteria",
            {"text": " ", "label": TYPED},
            422,
            "text",
            "This did not work. Question that a judge answers with YES or NO: must not be",
        ),
        (
            f"{HERE}/criteria/{world.criterion_id}",
            {"text": LINES, "label": "x" * 300},
            422,
            "label",
            "This did not work. Label: may have 255 characters at most, and has 300",
        ),
        (
            f"{HERE}/llm-configs/{world.llm_config_id}/test",
            {"prompt": " "},
            422,
            "prompt",
            "This did not work. What to ask: ",
        ),
        (
            f"{HERE}/keys",
            {"name": TYPED, "role": "editor", "until": "2020-01-31"},
            422,
            "until",
            "This did not work. Last day: 2020-01-31 is not in the future.",
        ),
        (
            f"{HERE}/keys",
            {"name": TYPED, "role": "editor", "until": "soon"},
            422,
            "until",
            "This did not work. Last day: has to be a day like 2030-12-31, or empty.",
        ),
        *(
            (
                f"{HERE}/scenario-sets",
                {"name": "Third", "description": TYPED, "fields": "mood", **changed},
                422,
                wrong,
                f"This did not work. {words} has no letter and no digit",
            )
            for changed, wrong, words in (
                ({"name": ",,,"}, "name", "Name: ',,,'"),
                ({"name": "\ufffd\ufffd"}, "name", "Name: '\ufffd\ufffd'"),
                ({"fields": ", ,,"}, "fields", "Further fields of its scenarios: ', ,,'"),
                ({"fields": "mood, __"}, "fields", "Further fields of its scenarios: '__'"),
            )
        ),
        (
            shop,
            {"name": "---", "description": TYPED},
            422,
            "name",
            "This did not work. Name: '---' has no letter and no digit",
        ),
        *(
            (path, _BOUGHT, 409, "goal", "Not now. What the user wants: the set has this scenario already")
            for path in (f"{shop}/scenarios", other_scenario)
        ),
        # All that may not be empty, as blanks, in every form that has it.
        *(
            (path, {**fields, wrong: "   "}, 422, wrong, f"This did not work. {label}")
            for path, fields, asked in (
                (f"{HERE}/start", {"description": "d", "epochs": "3", **chosen}, {"name": "Name"}),
                (f"{HERE}/personas", _PERSONA, {"name": "Name", "description": "What it is like"}),
                (
                    f"{HERE}/personas/{ada['id']}",
                    _PERSONA,
                    {"name": "Name", "description": "What it is like"},
                ),
                (f"{HERE}/persona-groups", {"description": TYPED, **ticked}, {"name": "Name"}),
                (f"{HERE}/persona-groups/{group['id']}", {"description": TYPED, **ticked}, {"name": "Name"}),
                (f"{HERE}/scenario-sets", {"description": TYPED, "fields": "mood"}, {"name": "Name"}),
                (shop, {"description": TYPED}, {"name": "Name"}),
                *((path, _SCENARIO, _ASKED_OF_SCENARIOS) for path in (f"{shop}/scenarios", scenario)),
                (f"{criteria}/criteria", {"label": TYPED}, {"text": "Question that a judge answers"}),
                (
                    f"{HERE}/criteria/{world.criterion_id}",
                    {"label": TYPED},
                    {"text": "Question that a judge answers"},
                ),
                (f"{HERE}/llm-configs/{world.llm_config_id}/test", {}, {"prompt": "What to ask"}),
                (f"{HERE}/keys", {"role": "editor", "until": "2099-12-31"}, {"name": "What it is for"}),
            )
            for wrong, label in asked.items()
        ),
    ]
    for path, fields, status, wrong, words in cases:
        answer = await browser.send(path, **fields)
        assert answer.status_code == status, answer.text
        page = answer.text
        check_harmless(page)
        assert told(page).startswith(words), told(page)
        assert re.search(r"\$|[a-z]_[a-z]|\w\(", told(page)) is None, told(page)
        found = values(page, path)
        token = found.pop("token")
        assert token == await browser.token()
        assert found == {name: text for name, text in fields.items() if text or name in found}, path
        (tag,) = re.findall(r"<[^>]*aria-invalid[^>]*>", page)
        assert f'name="{wrong}"' in tag
        assert "autofocus" in tag
        assert re.search(
            r"<title>(This did not work|This name is taken|Not now): [^<]+ – elluminate</title>", page
        )
        again = await browser.http.post(path, data={"token": token, **fields})
        assert (again.status_code, told(again.text)) == (status, told(page))


async def test_what_was_changed_or_deleted_meanwhile_loses_nothing_that_was_typed(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    await fill(store, rows=1, criteria=["Is it short?", "Is it kind?"])
    async with store.read() as session:
        ids = (await session.scalars(select(Criterion.id).order_by(Criterion.id))).all()
    first, other = (f"{HERE}/criteria/{one}" for one in ids)
    stored = await browser.send(first, text="Is it brief?", label="brief")
    assert stored.status_code == 303
    for text, status, wrong in (
        (LINES, 409, "Not now. Meanwhile it was changed to 'Is it brief?'."),
        ("  ", 422, ""),
    ):
        answer = await browser.send(first, text=text, label=TYPED)
        assert answer.status_code == status
        assert told(answer.text).startswith(wrong)
        assert values(answer.text, first) == {"token": await browser.token(), "text": text, "label": TYPED}
        (newest,) = re.findall(rf'<a href="({HERE}/criteria/\d+)">The newest version</a>', answer.text)
        assert "<p>Is it brief?" not in answer.text
        assert f'action="{newest}"' in await browser.see(newest)
        check_harmless(answer.text)
    assert "<textarea" not in await browser.see(first)
    assert (await api.delete(f"/criteria/{ids[1]}")).status_code == 204
    answer = await browser.send(other, text=f"Is it {TYPED} to everybody?", label="kind")
    assert answer.status_code == 404
    said = texts(answer.text)
    assert f"What you typed text Is it {' '.join(TYPED.split())} to everybody?" in said
    assert await browser.token() not in answer.text
    check_harmless(answer.text)
    persona = await created(api, "/personas", {"name": "Ada", "description": "Short."})
    await api.delete(f"/personas/{persona['id']}")
    answer = await browser.send(f"{HERE}/personas/{persona['id']}", name="Ada", description=LINES)
    assert "second" in texts(answer.text)


async def test_of_several_forms_the_one_that_was_sent_is_filled(
    browser: Browser, api: httpx.AsyncClient
) -> None:
    columns = [{"name": "a", "column_type": "json"}, {"name": "b", "column_type": "text"}]
    wide = {"name": "Wide", "columns": columns, "variables": [{"a": {"x": 1}, "b": "two"}]}
    made = await created(api, "/collections", wide)
    listed = await browser.see(f"{HERE}/collections/{made['id']}")
    (path,) = re.findall(rf'href="({HERE}/collections/{made["id"]}/rows/\d+)"', listed)
    page = await browser.see(path)
    forms = re.findall(
        r'name="column_id" value="(\d+)">\s<input type="hidden" name="before" value="(\w+)"', page
    )
    (column, before), (other, _) = forms
    answer = await browser.send(path, column_id=column, before=before, value='{"x": ')
    assert answer.status_code == 422
    areas = re.findall(r"<textarea [^>]*>\n([^<]*)</textarea>", answer.text)
    assert [html.unescape(one) for one in areas] == ['{"x": ', "two"]
    answer = await browser.send(path, column_id=other, before="0" * 32, value="mine")
    assert answer.status_code == 409
    assert "somebody else" in told(answer.text)
    assert "'two'" in told(answer.text)
    areas = re.findall(r"<textarea [^>]*>\n([^<]*)</textarea>", answer.text)
    assert html.unescape(areas[1]) == "mine"
    files = {"file": ("rows.csv", b"a,b\n1,2,3\n", "text/csv")}
    sent = {"token": await browser.token(), "delimiter": ";", "skip_existing": "yes"}
    path = f"{HERE}/collections/{made['id']}/rows"
    answer = await browser.http.post(path, data=sent, files=files)
    assert answer.status_code in (400, 422)
    assert told(answer.text).endswith("Choose the file once more.")
    assert values(answer.text, path)["delimiter"] == ";"


async def test_what_is_refused_without_a_form_leads_back(browser: Browser, reader: Browser) -> None:
    came = f"{HERE}/personas?q=ada&page=1"
    answer = await browser.http.get(f"{HERE}/personas/999", headers={"Referer": f"{ORIGIN}{came}"})
    assert answer.status_code == 404
    assert f'<a class="button" href="{html.escape(came)}">Back</a>' in answer.text
    for referer in (
        "https://evil.example/projects/1/queue",
        f"{ORIGIN}/projects/1/nothing",
        f"{ORIGIN}//evil.example",
        f"{ORIGIN}/projects/1/personas/999",
    ):
        answer = await browser.http.get(f"{HERE}/personas/999", headers={"Referer": referer})
        assert f'href="{HERE}/personas">Back</a>' in answer.text
        check_harmless(answer.text)
    refused = await reader.send(f"{HERE}/personas", name="Ada", description="x")
    assert refused.status_code == 403
    assert f'href="{HERE}/personas">Back</a>' in refused.text


async def test_a_form_comes_again_on_the_page_it_was_sent_from(
    browser: Browser, api: httpx.AsyncClient
) -> None:
    for number in range(30):
        await created(api, "/personas", {"name": f"P{number:02}", "description": "Short."})
    path = f"{HERE}/personas"
    headers = {"Referer": f"{ORIGIN}{path}?page=2"}
    sent = {"token": await browser.token(), "name": "P01", "description": "Another."}
    answer = await browser.http.post(path, data=sent, headers=headers)
    assert answer.status_code == 409
    assert "page 2 of 2" in texts(answer.text)
    assert values(answer.text, path)["description"] == "Another."


async def test_hostile_text_that_was_typed_is_text(browser: Browser) -> None:
    for text in HOSTILE:
        answer = await browser.send(f"{HERE}/personas", name=text, description="", knowledge=text)
        assert answer.status_code == 422, text
        check_harmless(answer.text)
        assert values(answer.text, f"{HERE}/personas")["knowledge"] == text.replace("\r\n", "\n")
