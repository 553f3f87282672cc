"""A database in which every page has something to show, and the same each time: the demo, and what it lacks."""

from __future__ import annotations

import asyncio
import datetime
import threading
from pathlib import Path

import anyio
from sqlalchemy import func, select, update

from elluminate_server.app import create_app
from elluminate_server.demo import load_demo
from elluminate_server.settings import Settings, normalise_database_url
from elluminate_server.store.tables import ApiKey, Base, Experiment, Response, Task
from tests.server.conftest import KEY, client, created

__all__ = ["furnish"]

WHEN = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.UTC)


def furnish(path: Path) -> dict[str, int]:
    """Make the database; its key is `tests.server.conftest.KEY`, and its ids are for `looking.address_of`."""
    found: list[dict[str, int]] = []
    # In a thread of its own: Playwright has the loop of the caller's.
    thread = threading.Thread(target=lambda: found.append(asyncio.run(_furnished(path))))
    thread.start()
    thread.join()
    return found[0]


async def _furnished(path: Path) -> dict[str, int]:
    app = create_app(Settings(database_url=normalise_database_url(str(path)), api_key=KEY))
    async with app.router.lifespan_context(app), client(app, "/api/v0/projects/1", KEY) as api:
        await load_demo(app)
        model = await created(
            api,
            "/llm_configs",
            {"name": "Small and quick", "llm_model_name": "small-1", "api_key": "not-a-key"},
        )
        key = await created(api, "/api-keys", {"name": "dashboard", "role": "reader"})
        ada = await created(
            api,
            "/personas",
            {
                "name": "Ada",
                "description": "Asks short questions.",
                "domain_knowledge": "She builds bridges.",
            },
        )
        await api.put(f"/personas/{ada['id']}", json={"description": "Asks short questions, and asks again."})
        bob = await created(api, "/personas", {"name": "Bob", "description": "Has little time."})
        group = await created(
            api,
            "/persona-groups",
            {"name": "Customers", "description": "Who calls.", "persona_ids": [ada["id"], bob["id"]]},
        )
        scenarios = await created(api, "/scenario-sets", {"name": "A shop", "fields": ["mood"]})
        wish = {
            "goal": "A refund",
            "expected_conversation_outcome": "It is paid.",
            "field_values": {"mood": "calm"},
        }
        scenario = await created(api, f"/scenario-sets/{scenarios['id']}/scenarios", wish)
        with anyio.fail_after(60):
            while any(one["generation_task_id"] for one in (await api.get("/experiments")).json()["items"]):
                await anyio.lowlevel.checkpoint()
        said = {"response_id": 1, "criterion_id": 1, "value": "YES"}
        (label,) = (await api.put("/labels", json={"labels": [said]})).json()
        async with app.state.store.write() as session:
            await session.execute(update(Response).values(duration_seconds=0.4 + Response.id % 7 / 10))
            await session.execute(update(ApiKey).where(ApiKey.id == key["id"]).values(prefix="elm_R3ad"))
            session.add(Task(id="0" * 32, project_id=1, kind="ratings"))
            await session.flush()
            for table in Base.metadata.sorted_tables:
                for column in table.columns:
                    if column.name in ("created_at", "updated_at", "started_at", "finished_at"):
                        await session.execute(
                            update(table).where(column.is_not(None)).values({column.name: WHEN})
                        )
            older, newer = (await session.scalars(select(Experiment.id).order_by(Experiment.id))).all()
            responses = await session.scalar(select(func.count()).select_from(Response))
            assert responses == 96
    ids = dict.fromkeys(("project_id", "collection_id", "entry_id", "criterion_set_id", "criterion_id"), 1)
    return {
        **ids,
        "prompt_template_id": 2,
        "experiment_id": newer,
        "other_experiment_id": older,
        "response_id": 1,
        "llm_config_id": model["id"],
        "key_id": key["id"],
        "label_id": label["id"],
        "persona_id": ada["id"],
        "persona_group_id": group["id"],
        "scenario_set_id": scenarios["id"],
        "scenario_id": scenario["id"],
    }
