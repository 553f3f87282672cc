"""Templates on pages: their versions, what differs, and who used them."""

from typing import Any

import httpx
import pytest

from elluminate_server.pages.differences import word_diff
from tests.server.conftest import World, created
from tests.server.pages.conftest import Browser
from tests.server.pages.looking import HOSTILE, check_harmless

pytestmark = pytest.mark.anyio

LIST = "/projects/1/templates"


async def _made(api: httpx.AsyncClient, text: str, name: str = "Tutor", **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return await created(api, "/prompt_templates", {"name": name, "messages": messages, **more})


async def test_each_name_is_listed_once_with_its_newest_version(
    browser: Browser, api: httpx.AsyncClient, world: World
) -> None:
    newer = await _made(api, "Explain {{topic}} to {{whom}}.")
    await _made(api, "Else.", name="Other")
    page = await browser.see(LIST)
    assert "2 templates" in page
    assert f'{LIST}/{newer["id"]}">Tutor</a>' in page
    assert f"{LIST}/{world.prompt_template_id}" not in page
    assert "topic, whom" in page
    assert "Other" not in await browser.see(LIST, q="tut")


async def test_two_versions_are_compared_word_by_word(
    browser: Browser, api: httpx.AsyncClient, world: World
) -> None:
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
    newer = await _made(api, "Explain {{topic}} briefly.", tools=tools)
    page = await browser.see(f"{LIST}/{newer['id']}", against=str(world.prompt_template_id))
    assert "From version 1 to 2" in page
    assert "<ins> briefly</ins>" in page
    assert "look_up" in page
    back = await browser.see(f"{LIST}/{world.prompt_template_id}", against=str(newer["id"]))
    assert "<del> briefly</del>" in back
    other = await _made(api, "Else.", name="Other")
    for wrong in (str(other["id"]), "999", "x"):
        path = f"{LIST}/{newer['id']}?against={wrong}"
        assert (await browser.http.get(path)).status_code == 404


async def test_experiments_with_a_version_are_named(browser: Browser, world: World) -> None:
    page = await browser.see(f"{LIST}/{world.prompt_template_id}")
    assert f'/projects/1/experiments/{world.experiment_id}">First</a>' in page


async def test_messages_of_parts_are_shown_whole(browser: Browser, api: httpx.AsyncClient) -> None:
    content = [{"type": "text", "text": "Look at {{this}}."}]
    made = await created(
        api, "/prompt_templates", {"name": "Parts", "messages": [{"role": "user", "content": content}]}
    )
    assert "Look at {{this}}." in await browser.see(f"{LIST}/{made['id']}")


async def test_hostile_text_is_text(browser: Browser, api: httpx.AsyncClient) -> None:
    texts = [text for text in HOSTILE if "{{" not in text]
    first = await _made(api, "\n".join(texts), name=texts[0])
    second = await _made(api, "\n".join(reversed(texts)), name=texts[0])
    for path in (LIST, f"{LIST}/{first['id']}", f"{LIST}/{second['id']}?against={first['id']}"):
        page = await browser.see(path)
        check_harmless(page)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_long_texts_are_compared_by_lines_and_then_not_at_all() -> None:
    assert word_diff("a b", "a c") == [("same", "a "), ("gone", "b"), ("new", "c")]
    assert word_diff("", "") == []
    before = "one two three\n" * 1000
    assert word_diff(before, before + "four\n") == [("same", before), ("new", "four\n")]
    before = "one\n" * 5000
    assert word_diff(before, before + "two\n") == [("gone", before), ("new", before + "two\n")]
