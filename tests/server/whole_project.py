"""One of everything that the contract addresses, in each of two projects, and good requests for all of it."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen
from sqlalchemy import func, select, update

from elluminate_server.app import create_app
from elluminate_server.keys import stored_digest
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import ApiKey, AuditEvent, Base, Collection, Organization
from tests.server.conftest import KEY, OTHER_KEY, client, created, make_world
from tests.server.contract_inputs import CONTRACT, OPERATIONS, parameters
from tests.support.databases import new_database

MAX_BODY_BYTES = 8 * 1024 * 1024
UNKNOWN = 987_654_321
MOON = {"goal": "Learn about the moon.", "expected_conversation_outcome": "It is known."}

Ids = dict[str, int | str]
"""What to fill in for a path parameter, or for a field that names one thing or several."""


@frozen
class Whole:
    """A server with two projects that have one of everything.

    Attributes:
        api: The project of the key, by paths below it.
        mine: Its things.
        other: The other project, by its own key.
        theirs: The other project's things.
        store: The database.
    """

    api: httpx.AsyncClient
    mine: Ids
    other: httpx.AsyncClient
    theirs: Ids
    store: Store

    async def stored(self) -> dict[str, list[Any]]:
        """Everything that is in the database, but when keys were last used, and that requests were refused."""
        found: dict[str, list[Any]] = {}
        async with self.store.read() as session:
            for table in Base.metadata.sorted_tables:
                columns = [column for column in table.columns if column.name != "last_used_at"]
                query = select(*columns).order_by(*table.primary_key.columns)
                if table.name == AuditEvent.__tablename__:
                    query = query.where(func.coalesce(AuditEvent.status, 0).not_in([401, 403]))
                rows = await session.execute(query)
                found[table.name] = [tuple(row) for row in rows]
        return found

    async def send(self, operation_id: str, **changed: Any) -> httpx.Response:
        """The operation's good request, but for what is changed: arguments of httpx, `url` or `ids`."""
        ids = changed.pop("ids", self.mine)
        url = changed.pop("url", None) or url_of(operation_id, ids)
        arguments: dict[str, Any] = {"params": good_query(operation_id, ids)}
        if not {"content", "data", "files", "json"} & changed.keys():
            arguments |= good_body(operation_id, ids)
        return await self.api.request(OPERATIONS[operation_id].method, url, **arguments | changed)

    @contextlib.asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Nothing in the database may be another after what is done in here."""
        before = await self.stored()
        yield
        after = await self.stored()
        assert after == before


@contextlib.asynccontextmanager
async def whole_server(folder: Path) -> AsyncIterator[Whole]:
    """A server of its own with everything in it."""
    async with new_database(folder) as url:
        app = create_app(Settings(database_url=url, api_key=KEY, page_size=5, max_body_bytes=MAX_BODY_BYTES))
        async with app.router.lifespan_context(app), client(app, "/api/v0/projects/1", KEY) as api:
            store: Store = app.state.store
            body = {"name": "Another project", "description": "", "organization_id": 1}
            other_id = (await api.post("http://testserver/api/v0/projects", json=body)).json()["id"]
            async with store.write() as session:
                organization = Organization(name="Another organization")
                session.add(organization)
                session.add(
                    ApiKey(
                        project_id=other_id,
                        name="other",
                        digest=await stored_digest(session, OTHER_KEY),
                        prefix="key-",
                    )
                )
            async with client(app, f"/api/v0/projects/{other_id}", OTHER_KEY) as other:
                mine = await _everything(api, store, project_id=1)
                theirs = await _everything(other, store, project_id=other_id)
                theirs["organization_id"] = organization.id
                yield Whole(api, mine, other, theirs, store)


async def _everything(api: httpx.AsyncClient, store: Store, project_id: int) -> Ids:
    world = await make_world(api)
    fresh = await created(
        api,
        "/experiments",
        {
            "name": "Not run yet",
            "description": "",
            "prompt_template_id": world.prompt_template_id,
            "collection_id": world.collection_id,
            "criterion_set_id": world.criterion_set_id,
        },
    )
    key = await created(api, "/api-keys", {"name": "Spare key"})
    locked = await created(
        api, "/collections", {"name": "Locked", "variables": [{"topic": "ebb"}], "read_only": True}
    )
    tasks = await created(
        api,
        "/collections",
        {"name": "Tasks", "collection_type": "AGENTIC", "variables": [{"task": "sort"}, {"task": "count"}]},
    )
    agentic = await created(
        api,
        "/experiments",
        {
            "name": "Agents",
            "description": "",
            "evaluation_mode": "AGENTIC",
            "collection_id": tasks["id"],
            "criterion_set_id": world.criterion_set_id,
        },
    )
    definition = (await api.get(f"/experiments/{agentic['id']}/agent-results/definition")).json()
    program = {"criterion_str": "Does it parse?", "check": {"type": "python", "name": "parses"}}
    adding = {"criterion_set_id": world.criterion_set_id, "criteria": [program]}
    (of_program,) = (await api.post("/criteria", json=adding)).json()
    scenario_set = await created(api, "/scenario-sets", {"name": "Pupils", "fields": ["level", "mood"]})
    scenario = await created(api, f"/scenario-sets/{scenario_set['id']}/scenarios", MOON)
    locked_set = await created(api, "/scenario-sets", {"name": "Locked set", "fields": ["level"]})
    locked_scenario = await created(api, f"/scenario-sets/{locked_set['id']}/scenarios", MOON)
    async with store.write() as session:
        locking = update(Collection).where(Collection.id == locked_set["id"]).values(read_only=True)
        await session.execute(locking)
    persona = await created(api, "/personas", {"name": "Grace", "description": "Patient."})
    await created(api, "/personas", {"name": "Emmy", "description": "Curious."})
    group = await created(api, "/persona-groups", {"name": "Pupils", "persona_ids": [persona["id"]]})
    await created(api, "/persona-groups", {"name": "Teachers", "persona_ids": [persona["id"]]})
    moods = [{"name": "mood", "column_type": "category", "categorical_values": ["good", "bad"]}]
    moody = await created(api, "/collections", {"name": "Moods", "columns": moods})
    (_, other_criterion, *_) = (await api.get(f"/criterion_sets/{world.criterion_set_id}")).json()["criteria"]
    label = {"response_id": world.response_id, "criterion_id": other_criterion["id"], "value": "YES"}
    labels = (await api.put("/labels", json={"labels": [label]})).json()
    return {
        "project_id": project_id,
        "organization_id": 1,
        "key_id": key["id"],
        "prompt_template_id": world.prompt_template_id,
        "parent_prompt_template_id": world.prompt_template_id,
        "collection_id": world.collection_id,
        "entry_id": world.entry_id,
        "template_variables_id": world.entry_id,
        "criterion_set_id": world.criterion_set_id,
        "criterion_id": definition["tasks"][0]["criteria"][0]["criterion_id"],
        "criterion_ids": world.criterion_id,
        "program_criterion_id": of_program["id"],
        "llm_config_id": world.llm_config_id,
        "experiment_id": world.experiment_id,
        "experiment_a_id": world.experiment_id,
        "experiment_b_id": fresh["id"],
        "fresh_experiment_id": fresh["id"],
        "agentic_experiment_id": agentic["id"],
        "agentic_task_id": definition["tasks"][0]["task_id"],
        "task_id": "task-that-never-was",
        "response_id": world.response_id,
        "response_ids": world.response_id,
        "prompt_response_id": world.response_id,
        "prompt_response_ids": world.response_id,
        "scenario_set_id": scenario_set["id"],
        "field_id": scenario_set["fields"][0]["id"],
        "scenario_id": scenario["id"],
        "persona_id": persona["id"],
        "persona_ids": persona["id"],
        "persona_group_id": group["id"],
        "agentic_collection_id": tasks["id"],
        "moody_collection_id": moody["id"],
        "label_id": labels[0]["id"],
        "locked_collection_id": locked["id"],
        "locked_entry_id": locked["variables"][0]["id"],
        "locked_set_id": locked_set["id"],
        "locked_field_id": locked_set["fields"][0]["id"],
        "locked_scenario_id": locked_scenario["id"],
    }


def refused(answer: httpx.Response, status: int, *named: str) -> str:
    """What the refusal says: all that has to be named, in words for people."""
    told = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:1000]}"
    assert answer.status_code == status, told
    detail = answer.json()["detail"]
    assert isinstance(detail, str), told
    assert all(name in detail for name in named), (named, told)
    assert "`" not in detail and len(detail) < 2000, told  # no words of a library, no megabytes
    return detail


# Good requests

INSTEAD: dict[str, dict[str, str]] = {
    "put_labels": {"criterion_id": "criterion_ids"},
    "run_experiment": {"experiment_id": "fresh_experiment_id"},
    "retry_failed_experiment": {"experiment_id": "experiment_id"},
    "upload_ratings": {"criterion_id": "program_criterion_id"},
    "get_agent_results_definition": {"experiment_id": "agentic_experiment_id"},
    "upload_agent_results": {"experiment_id": "agentic_experiment_id", "task_id": "agentic_task_id"},
    "preview_agent_results_matching": {
        "experiment_id": "agentic_experiment_id",
        "task_id": "agentic_task_id",
    },
}
"""What a parameter or field stands for where it is not what its name says."""


def ids_for(operation_id: str, ids: Ids) -> Ids:
    """The ids as this operation means them."""
    return ids | {name: ids[meant] for name, meant in INSTEAD.get(operation_id, {}).items()}


def url_of(operation_id: str, ids: Ids, **changed: Any) -> str:
    """The operation's address, with these ids in its path."""
    operation = OPERATIONS[operation_id]
    meant = ids_for(operation_id, ids)
    values = {one["name"]: meant[one["name"]] for one in parameters(operation_id, "path")} | changed
    return f"http://testserver/api/v0{operation.path}".format(**values)


def good_query(operation_id: str, ids: Ids) -> dict[str, Any]:
    """The parameters that have to be there: ids that there are, else the contract's own examples."""
    due = [one for one in parameters(operation_id, "query") if one.get("required")]
    return {one["name"]: ids[one["name"]] if one["name"] in ids else one["example"] for one in due}


def good_bodies(operation_id: str, ids: Ids) -> list[dict[str, Any]]:
    """What to send in the body, for httpx: the contract's own examples, with ids that there are."""
    content = OPERATIONS[operation_id].body
    if content is None:
        return []
    media_type, node = content
    examples = CONTRACT.examples(node).values()
    if media_type == "multipart/form-data":
        return [{"files": {name: (name, text.encode()) for name, text in one.items()}} for one in examples]
    return [{"json": filled(copy.deepcopy(one), ids_for(operation_id, ids))} for one in examples]


def good_body(operation_id: str, ids: Ids) -> dict[str, Any]:
    """The first of them; empty for an operation without a body."""
    return next(iter(good_bodies(operation_id, ids)), {})


def filled(value: Any, ids: Ids) -> Any:
    """The value with ids that there are, wherever a field is named like one."""
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: [ids[name]]
        if isinstance(one, list) and name in ids
        else ids[name]
        if isinstance(one, int) and name in ids
        else filled(one, ids)
        for name, one in value.items()
    }
