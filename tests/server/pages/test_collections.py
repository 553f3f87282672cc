"""Collections on pages: listed, paged, a cell edited, all rows as CSV and from it."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from elluminate_server.pages import dispatching
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import AuditEvent
from tests.server.conftest import created
from tests.server.pages.conftest import Browser
from tests.server.pages.looking import HOSTILE, check_harmless

pytestmark = pytest.mark.anyio

LIST = "/projects/1/collections"


async def _made(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    return await created(api, "/collections", {"name": "Topics", **more})


async def _edit(browser: Browser, collection: dict[str, Any], column: int, value: str) -> httpx.Response:
    path = f"{LIST}/{collection['id']}/rows/{collection['variables'][0]['id']}"
    page = await browser.see(path)
    identifier = collection["columns"][column]["id"]
    form = re.search(rf'name="column_id" value="{identifier}">\s*<input[^>]* value="(\w+)"', page)
    assert form is not None
    return await browser.send(path, column_id=str(identifier), before=form[1], value=value)


async def _values(api: httpx.AsyncClient, collection: dict[str, Any]) -> list[dict[str, Any]]:
    found = (await api.get(f"/collections/{collection['id']}")).json()
    return [row["input_values"] for row in found["variables"]]


async def test_they_are_found_by_name_and_paged(browser: Browser, api: httpx.AsyncClient) -> None:
    for number in range(27):
        await created(api, "/collections", {"name": f"Set {number:02}"})
    first = await browser.see(LIST)
    assert "27 collections, page 1 of 2" in first
    assert "Set 00" in first
    assert "Set 26" not in first
    assert "Set 26" in await browser.see(LIST, page="2")
    found = await browser.see(LIST, q="SET 2")
    assert "Set 26" in found
    assert "Set 19" not in found
    assert "No collection has that" in await browser.see(LIST, q="%")


async def test_rows_come_fifty_at_a_time(browser: Browser, api: httpx.AsyncClient) -> None:
    made = await _made(api, variables=[{"topic": f"topic {number:03}"} for number in range(120)])
    path = f"{LIST}/{made['id']}"
    assert "topic 049" in await browser.see(path)
    second = await browser.see(path, page="2")
    assert "120 rows, page 2 of 3" in second
    assert ("topic 050" in second, "topic 099" in second, "topic 100" in second) == (True, True, False)
    assert "topic 119" in await browser.see(path, page="9")


async def test_a_cell_is_edited_and_nothing_else(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    made = await _made(api, variables=[{"topic": "tides", "note": "first\nsecond"}])
    answer = await _edit(browser, made, 0, "rain\r\nand snow")
    assert answer.status_code == 303
    assert await _values(api, made) == [{"topic": "rain\nand snow", "note": "first\nsecond"}]
    assert "Stored." in await browser.see(answer.headers["location"])
    async with store.read() as session:
        line = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()))).first()
    assert line is not None
    assert (line.operation, line.object_id) == ("update_template_variables", made["variables"][0]["id"])


async def test_cells_of_every_type_come_back_as_they_were(browser: Browser, api: httpx.AsyncClient) -> None:
    columns: list[dict[str, Any]] = [
        {"name": "text"},
        {"name": "any", "column_type": "json"},
        {"name": "kind", "column_type": "category", "categorical_values": ["a", "b"]},
    ]
    row = {"text": "\n<b>'1</b>", "any": {"deep": ["5", 5]}, "kind": "a"}
    made = await _made(api, columns=columns, variables=[row])
    page = await browser.see(f"{LIST}/{made['id']}/rows/{made['variables'][0]['id']}")
    check_harmless(page)
    assert ">\n\n&lt;b&gt;&#39;1&lt;/b&gt;</textarea>" in page
    for column, value, stored in (
        (1, '"5"', "5"),
        (1, "5", 5),
        (1, "[1]", [1]),
        (1, "", None),
        (2, "b", "b"),
    ):
        assert (await _edit(browser, made, column, value)).status_code == 303
        name = columns[column]["name"]
        assert (await _values(api, made))[0][name] == stored
    assert (await _edit(browser, made, 2, "c")).status_code == 422
    for text in ('"\\u0000"', '"\\ud800"', "{bad", '{"a": 1, "a": 2}', '["a" "b"]', '"a'):
        assert (await _edit(browser, made, 1, text)).status_code == 422, text
    assert (await _edit(browser, made, 0, "a\0b")).status_code == 400


async def test_a_cell_that_was_changed_meanwhile_is_left_alone(
    browser: Browser, api: httpx.AsyncClient
) -> None:
    made = await _made(api, variables=[{"topic": "tides"}])
    column, entry = made["columns"][0]["id"], made["variables"][0]["id"]
    path = f"{LIST}/{made['id']}/rows/{entry}"
    answer = await browser.send(path, column_id=str(column), before="0" * 32, value="x")
    assert answer.status_code == 409
    assert await _values(api, made) == [{"topic": "tides"}]
    assert (await browser.send(path, column_id="999", before="", value="x")).status_code == 404
    assert (await browser.send(path, column_id=str(column), before="0" * 32)).status_code == 400


async def test_what_a_form_would_change_is_not_edited(browser: Browser, api: httpx.AsyncClient) -> None:
    made = await _made(api, variables=[{"topic": "a\u202eb"}])
    page = await browser.see(f"{LIST}/{made['id']}/rows/{made['variables'][0]['id']}")
    assert "<textarea" not in page
    assert "would not send back" in page


async def test_what_is_read_only_is_not_changed(browser: Browser, api: httpx.AsyncClient) -> None:
    made = await _made(api, variables=[{"topic": "tides"}], read_only=True)
    path = f"{LIST}/{made['id']}"
    assert "multipart" not in await browser.see(path)
    assert "<textarea" not in await browser.see(f"{path}/rows/{made['variables'][0]['id']}")
    assert (await _upload(browser, made, b"topic\nrain\n")).status_code == 409


async def _upload(browser: Browser, made: dict[str, Any], content: bytes, **fields: str) -> httpx.Response:
    data = {"token": await browser.token(), **fields}
    files = {"file": ("rows.csv", content, "text/csv")}
    return await browser.http.post(f"{LIST}/{made['id']}/rows", data=data, files=files)


async def test_rows_go_out_and_in_as_csv(browser: Browser, api: httpx.AsyncClient) -> None:
    columns = [{"name": "=topic"}, {"name": "any", "column_type": "json"}]
    rows = [
        {"=topic": '=1+1, "quoted"\nline', "any": {"a": [1]}},
        {"=topic": "-5", "any": "5"},
        {"=topic": "été", "any": None},
    ]
    made = await _made(api, columns=columns, variables=rows, description="")
    answer = await browser.http.get(f"{LIST}/{made['id']}/rows.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == (
        f"attachment; filename=\"collection-{made['id']}.csv\"; filename*=UTF-8''Topics.csv"
    )
    other = await created(api, "/collections", {"name": "Copy", "columns": columns})
    sent = await _upload(browser, other, answer.content)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{LIST}/{other['id']}?added=3")
    assert await _values(api, other) == rows
    again = await _upload(browser, other, answer.content, skip_existing="yes")
    assert again.headers["location"].endswith("?added=0")
    more = await _upload(browser, other, b"\xef\xbb\xbf'=topic;new\nrain;drops\n", delimiter=";")
    assert more.headers["location"].endswith("?added=1")
    assert (await _values(api, other))[-1]["new"] == "drops"
    for sign in (";", "\t", ","):
        told = await _upload(browser, other, f"'=topic{sign}new\nsnow{sign}flakes\n".encode())
        assert told.headers["location"].endswith("?added=1")
        assert (await _values(api, other))[-1]["new"] == "flakes"


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (b"", 422, "no header"),
        (
            b"topic\n",
            422,
            "File: has a header and no rows below it, so that there is nothing to add. Choose the file",
        ),
        (b"nowhere,topic\r\n\r\n", 422, 'name="file" accept=".csv,text/csv" required aria-invalid="true"'),
        (b"topic\n\xff\n", 422, "not UTF-8"),
        ("topic\nrain\n".encode("utf-16"), 422, "File: is text in UTF-16, and not CSV in UTF-8. Save it as"),
        (b"PK\x03\x04\x14\x00", 422, "File: is a spreadsheet (.xlsx, .ods) or another archive, and not CSV"),
        (b"topic\na,b\n", 422, "line 2"),
        (b"topic,any\nb,\x00\n", 422, "NUL"),
        (b'any\n"""\\u0000"""\n', 422, "Line 2"),
        (b'any\n"""\\ud800"""\n', 422, "Line 2"),
    ],
)
async def test_a_file_that_cannot_be_read_stores_nothing(
    browser: Browser, api: httpx.AsyncClient, content: bytes, status: int, told: str
) -> None:
    made = await _made(api, columns=[{"name": "topic"}, {"name": "any", "column_type": "json"}])
    answer = await _upload(browser, made, content)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert await _values(api, made) == []


async def test_a_form_with_a_file_is_bounded_and_of_one_kind(
    browser: Browser, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await _made(api)
    path = f"{LIST}/{made['id']}/rows"
    assert (await browser.send(path)).status_code == 400
    token = await browser.token()
    no_file = await browser.http.post(path, data={"token": token}, files={"file": ("", b"")})
    assert no_file.status_code == 400
    broken = {"Content-Type": "multipart/form-data"}
    assert (await browser.http.post(path, content=b"x", headers=broken)).status_code == 400
    monkeypatch.setattr(dispatching, "_MOST_OF_A_FILE", 1000)
    assert (await _upload(browser, made, b"topic\n" + b"x" * 1000)).status_code == 413
    # Other forms take no files.
    files = {"file": ("rows.csv", b"topic\n", "text/csv")}
    elsewhere = f"/projects/1/collections/{made['id']}/rows/1"
    assert (await browser.http.post(elsewhere, data={"token": token}, files=files)).status_code == 400


async def test_hostile_text_is_text(browser: Browser, api: httpx.AsyncClient) -> None:
    columns = [{"name": text} for text in HOSTILE]
    made = await created(
        api,
        "/collections",
        {
            "name": HOSTILE[0],
            "description": " ".join(HOSTILE),
            "columns": columns,
            "variables": [{text: text for text in HOSTILE}],
        },
    )
    for path in ("", f"/{made['id']}", f"/{made['id']}/rows/{made['variables'][0]['id']}"):
        page = await browser.see(f"{LIST}{path}", q="")
        check_harmless(page)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for text in HOSTILE:
        check_harmless(await browser.see(LIST, q=text))
