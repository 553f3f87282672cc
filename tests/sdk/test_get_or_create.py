"""`get_or_create_...` where something of that name exists: what differs from the defaults is told, and no secret."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import Client, CriterionIn, ExistingDiffersWarning, PermissionDeniedError
from elluminate.schemas import CollectionColumn
from elluminate.schemas.conversation import UCEPayloadV1
from elluminate_server.local import LocalServer

KEY = "sk-secret-of-the-provider-1234"
CONFIG = {
    "llm_model_name": "small",
    "api_key": KEY,
    "llm_base_url": "https://llm.test/v1",
    "temperature": 0,
    "max_tokens": None,
    "logprobs": False,
    "inference_type": "openai",
    "custom_api_config": {"headers": {"X-Key": "hush-hush-1234", "X-Team": "evals"}, "body": {"n": 1}},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(base_url=f"local:{Path(tmp_path_factory.mktemp('existing')) / 'test.db'}") as client:
        yield client


@pytest.fixture(scope="module")
def personas(client: Client) -> dict[str, Any]:
    return {name: client.create_persona(name, "Patient.") for name in ("Ada", "Kurt")}


CONVERSATION: dict[str, Any] = {
    "schema_version": "elluminate.uce/1",
    "input": {"messages": [{"role": "user", "content": "Why do tides come?"}]},
}

DEFAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("collection", {}),
    "rows": ("collection", {"variables": [{"a": "x", "b": "y"}, {"a": "z"}], "description": " Some. "}),
    "rows of other types": (
        "collection",
        {
            "columns": [CollectionColumn(name="data", column_type="json"), "n"],  # type: ignore[arg-type]
            "variables": [
                {"data": {"b": [1, None], "a": True}, "n": 3},
                {"n": None, "data": "text"},
                {"n": True},
            ],
        },
    ),
    "rows with defaults of columns": (
        "collection",
        {
            "columns": [CollectionColumn(name="level", default_value="easy"), "topic"],
            "variables": [{"topic": "tides"}, {"topic": "rain", "level": "easy", "more": "text"}],
        },
    ),
    "conversations": (
        "collection",
        {
            "columns": [CollectionColumn(name="talk", column_type="conversation")],  # type: ignore[arg-type]
            "variables": [
                {"talk": CONVERSATION},
                {"talk": json.dumps(CONVERSATION)},
                {"talk": UCEPayloadV1.from_openai(CONVERSATION["input"]["messages"])},
            ],
        },
    ),
    "kinds": (
        "collection",
        {
            "columns": ["task"],
            "collection_type": "AGENTIC",
            "read_only": True,
            "environment_config": {"image": "x", "n": 1},
        },
    ),
    "criteria": (
        "criterion_set",
        {
            "criteria": [
                "Is it short?",
                CriterionIn(criterion_str="Is it kind?", label="tone"),
                "Is it short?",
            ]
        },
    ),
    "no criteria": ("criterion_set", {"criteria": []}),
    "a config": ("llm_config", CONFIG),
    "a provider": ("llm_config", {"llm_model_name": "m", "api_key": "none", "provider": "anthropic"}),
    "a persona": ("persona", {"description": "Curious.", "domain_knowledge": None}),
    "scenarios": ("scenario_set", {"fields": ["level", "mood"], "description": ""}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_is_there_as_it_was_given_is_no_news(name: str, client: Client) -> None:
    kind, defaults = DEFAULTS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ExistingDiffersWarning)
        made = [getattr(client, f"get_or_create_{kind}")(name, defaults) for _ in range(2)]
        assert [created for _, created in made] == [True, False]
        getattr(client, f"get_or_create_{kind}")(name)


DIFFERENT: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[str]]] = {
    "a description": (
        "collection",
        {"description": "About the sea, its tides and its depths, and the moon."},
        {"description": "About the sea, its tides and its depths, and the sun."},
        [
            "description: …'",
            "depths, and the sun.' was given, …'",
            "depths, and the moon.' is there",
            "is there. collection.update() changes it; or take another name",
        ],
    ),
    "a row corrected": (
        "collection",
        {"variables": [{"a": "x"}, {"a": "y"}]},
        {"variables": [{"a": "x"}, {"a": "z"}]},
        [
            "variables: 1 of 2 rows that were given not there, as {'a': 'z'}. "
            "collection.add_many(rows, skip_existing=True) adds rows, "
            "collection.add_many(rows, key=…) corrects them, too; or take another name"
        ],
    ),
    "the same row more often": (
        "collection",
        {"variables": [{"a": "x"}]},
        {"variables": [{"a": "x"}, {"a": "x"}]},
        ["variables: 1 of 2 rows that were given not there, as {'a': 'x'}"],
    ),
    "a column more": (
        "collection",
        {"columns": ["a"]},
        {"columns": ["a", CollectionColumn(name="b")]},
        [
            "columns: 'b' given and not there. collection.update(columns=…) changes columns; or take another name"
        ],
    ),
    "a category more": (
        "collection",
        {"columns": [CollectionColumn(name="a", column_type="category", categorical_values=["x", "y"])]},  # type: ignore[arg-type]
        {"columns": [CollectionColumn(name="a", column_type="category", categorical_values=["x", "z"])]},  # type: ignore[arg-type]
        ["columns: categorical_values of 'a': 'z' given and not there. collection.update(columns=…)"],
    ),
    "a column of another type": (
        "collection",
        {"columns": ["a"]},
        {"columns": [CollectionColumn(name="a", column_type="json")]},  # type: ignore[arg-type]
        ["columns: column_type of 'a': 'json' was given, 'text' is there"],
    ),
    "an environment": (
        "collection",
        {"environment_config": {"key": "hush"}},
        {"environment_config": {"key": "hush!"}, "read_only": True},
        ["environment_config: another one (values not shown)", "read_only: True was given, False is there"],
    ),
    "another criterion": (
        "criterion_set",
        {"criteria": ["Is it short?"]},
        {"criteria": [CriterionIn(criterion_str="Is it short?", label="length"), "Is it kind?"]},
        [
            "criteria: 'Is it kind?' given and not there, the label of 'Is it short?': 'length' was given, "
            "'Criterion 1' is there",
            "is there. criterion_set.add_criteria() adds criteria, criterion.update() changes one; or take",
        ],
    ),
    "a config": (
        "llm_config",
        CONFIG,
        {
            **CONFIG,
            "api_key": f"{KEY}5",
            "llm_base_url": "https://ann:hush@llm.test/v2?key=hush",
            "temperature": 0.5,
            "max_tokens": 100,
            "custom_api_config": {"headers": {"X-Key": "hush-hush-5678"}},
        },
        [
            "api_key: another one (values not shown); llm_base_url: 'https://llm.test/v2' was given, "
            "'https://llm.test/v1' is there; temperature: 0.5 was given, 0.0 is there; max_tokens: 100 was given, "
            "None is there; custom_api_config: another one (values not shown). a config is not changed: "
            "delete_llm_config() frees its name"
        ],
    ),
    "a secret in an address": (
        "llm_config",
        CONFIG,
        {"llm_base_url": "https://ann:hush@llm.test/v1"},
        ["llm_base_url: another one (values not shown)"],
    ),
    "a persona": (
        "persona",
        {"description": "Curious."},
        {"description": "Impatient.", "domain_knowledge": "Tides."},
        ["description: 'Impatient.' was given", "domain_knowledge: 'Tides.' was given, None is there"],
    ),
    "fields": (
        "scenario_set",
        {"fields": ["level"]},
        {"fields": ["mood"]},
        ["fields: 'mood' given and not there. scenario_set.add_field() adds fields; or take another name"],
    ),
    "what makes no sense": ("criterion_set", {}, {"criteria": "Is it?"}, []),
}


MORE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "rows": ("collection", {"variables": [{"a": "x"}, {"a": "y"}]}, {"variables": [{"a": "y"}]}),
    "columns": ("collection", {"columns": ["a", "b"]}, {"columns": ["b"]}),
    "categories": (
        "collection",
        {"columns": [CollectionColumn(name="a", column_type="category", categorical_values=["x", "y"])]},  # type: ignore[arg-type]
        {"columns": [CollectionColumn(name="a", column_type="category", categorical_values=["y"])]},  # type: ignore[arg-type]
    ),
    "criteria": (
        "criterion_set",
        {"criteria": ["Is it short?", "Is it kind?"]},
        {"criteria": ["Is it kind?"]},
    ),
    "fields": ("scenario_set", {"fields": ["level", "mood"]}, {"fields": ["mood"]}),
}


@pytest.mark.parametrize("name", MORE)
def test_what_is_there_beyond_the_defaults_is_no_news(name: str, client: Client) -> None:
    kind, before, now = MORE[name]
    getattr(client, f"get_or_create_{kind}")(f"{name} (more)", before)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(client, f"get_or_create_{kind}")(f"{name} (more)", now)


def test_a_program_that_adds_rows_and_criteria_after_seeding_runs_again(client: Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            collection, _ = client.get_or_create_collection("Seeded", {"variables": [{"a": "x"}]})
            collection.add_many([{"a": "y"}], skip_existing=True)
            criteria, _ = client.get_or_create_criterion_set("Seeded", {"criteria": ["Is it short?"]})
            criteria.add_criteria(["Is it kind?"])


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_told_with_both_values_and_no_secret(name: str, client: Client) -> None:
    kind, before, now, says = DIFFERENT[name]
    if kind == "llm_config":
        before = {"llm_model_name": "small", "api_key": KEY, **before}
    getattr(client, f"get_or_create_{kind}")(f"{name} (differs)", before)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, created = getattr(client, f"get_or_create_{kind}")(f"{name} (differs)", now)
    assert not created
    assert [one.category for one in caught] == [ExistingDiffersWarning] * bool(says)
    for one in caught:
        said = str(one.message)
        assert f"{name} (differs)" in said
        assert Path(one.filename).name == "test_get_or_create.py"
        assert [words for words in says if words not in said] == []
        for secret in (KEY, KEY[-4:], "hush"):
            assert secret not in said


def test_another_member_of_a_group_is_told_by_its_name(client: Client, personas: dict[str, Any]) -> None:
    ada, kurt = personas.values()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            client.get_or_create_persona_group("Pupils", {"personas": [ada]})
    with pytest.warns(
        ExistingDiffersWarning,
        match=r"personas: 'Kurt' given and not there\. update_persona_group\(\) changes it; or take another name",
    ):
        client.get_or_create_persona_group("Pupils", {"personas": [kurt]})


def test_a_rows_own_criterion_is_none_of_the_sets(client: Client) -> None:
    collection = client.create_collection("Own", variables=[{"a": "x"}])
    criteria, _ = client.get_or_create_criterion_set("Own", {"criteria": ["Is it short?"]})
    criteria.add_criteria(["Is it x?"], template_variables=collection.variables[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.get_or_create_criterion_set("Own", {"criteria": ["Is it short?"]})


def test_a_reader_gets_what_exists_and_is_refused_what_does_not(tmp_path: Path) -> None:
    server = LocalServer(str(tmp_path / "test.db"))
    server.start()
    try:
        with Client(base_url=server.address.base_url, api_key=server.address.api_key) as admin:
            collection = admin.create_collection("Topics", variables=[{"topic": "tides"}])
            first = admin.create_prompt_template("Tutor", "Explain {{topic}}.")
            admin.create_prompt_template("Tutor", "Explain {{topic}} at length.")
            key = admin.create_api_key("Dashboard", role="reader").key
        with Client(base_url=server.address.base_url, api_key=key) as reader:
            got, is_new = reader.get_or_create_collection("Topics")
            assert (got.id, is_new) == (collection.id, False)
            template, is_new = reader.get_or_create_prompt_template("Tutor", "Explain {{topic}}.")
            assert (template.id, is_new) == (first.id, False)
            with pytest.raises(PermissionDeniedError, match="create_collection takes an editor"):
                reader.get_or_create_collection("Others")
            with pytest.raises(PermissionDeniedError, match="create_prompt_template takes an editor"):
                reader.get_or_create_prompt_template("Tutor", "Explain {{topic}} in a word.")
    finally:
        server.stop()
