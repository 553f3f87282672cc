"""LLM configs on pages: shown without keys, and tried."""

import httpx
import pytest
from sqlalchemy import select

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import AuditEvent
from tests.server.conftest import World, created
from tests.server.pages.conftest import Browser
from tests.server.pages.looking import HOSTILE, check_harmless

pytestmark = pytest.mark.anyio

LIST = "/projects/1/llm-configs"


async def test_no_page_shows_a_key_or_a_part_of_one(browser: Browser, world: World) -> None:
    path = f"{LIST}/{world.llm_config_id}"
    for page in (await browser.see(LIST), await browser.see(path)):
        assert "stored" in page
        assert "sk-secret" not in page
        assert "6789" not in page


async def test_its_model_is_asked_once_and_the_answer_is_shown(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    made = await created(
        api,
        "/llm_configs",
        {
            "name": "Away",
            "llm_model_name": "m",
            "llm_base_url": "https://nowhere.invalid/v1",
            "api_key": "sk-key-abcdef",
        },
    )
    path = f"{LIST}/{made['id']}"
    answer = await browser.send(f"{path}/test", prompt="Say <b>OK</b>")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "The model did not answer" in answer.text
    assert "Say &lt;b&gt;OK&lt;/b&gt;</textarea>" in answer.text
    assert "sk-key" not in answer.text
    check_harmless(answer.text)
    async with store.read() as session:
        line = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()))).first()
    assert line is not None
    assert (line.operation, line.object_id) == ("try_llm_config", made["id"])
    assert (await browser.send(f"{path}/test", prompt="  ")).status_code == 422


async def test_hostile_text_is_text(browser: Browser, api: httpx.AsyncClient) -> None:
    for text in HOSTILE:
        made = await created(
            api,
            "/llm_configs",
            {
                "name": text,
                "llm_model_name": text,
                "description": text,
                "system_message": text,
                "api_version": text,
                "api_key": "sk-key-abcdef",
            },
        )
        check_harmless(await browser.see(f"{LIST}/{made['id']}"))
    check_harmless(await browser.see(LIST))
