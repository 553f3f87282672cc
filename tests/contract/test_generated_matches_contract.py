"""Generated code is what the contract says: the same fields, enums and operations, and no drift."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.document import PATH_VARIABLE, REPOSITORY, Contract, contract_path, load
from tests.contract.generated_comparison import differences

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

Change = Callable[[dict[str, Any]], None]


def rename_field(document: dict[str, Any]) -> None:
    properties = document["components"]["schemas"]["PromptTemplate"]["properties"]
    properties["slots"] = properties.pop("placeholders")


def require_field(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Rating"]["required"].append("reasoning")


def forbid_null(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Experiment"]["properties"]["logs"]["type"] = "string"


def allow_null(document: dict[str, Any]) -> None:
    criterion = document["components"]["schemas"]["Rating"]["properties"]["criterion"]
    document["components"]["schemas"]["Rating"]["properties"]["criterion"] = {
        "anyOf": [criterion, {"type": "null"}]
    }


def retype_field(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Health"]["properties"]["version"]["type"] = "integer"


def change_default(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["RunExperimentRequest"]["properties"]["n_epochs"]["default"] = 2


def add_enum_value(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["RatingValue"]["enum"].append("UNSURE")


def remove_schema(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["UCEPayloadV1"]


def move_path(document: dict[str, Any]) -> None:
    document["paths"]["/projects/{project_id}/marks"] = document["paths"].pop(
        "/projects/{project_id}/ratings"
    )


def change_method(document: dict[str, Any]) -> None:
    item = document["paths"]["/projects/{project_id}/experiments/{experiment_id}/run"]
    item["put"] = item.pop("post")


def change_status(document: dict[str, Any]) -> None:
    answers = document["paths"]["/projects/{project_id}/experiments"]["post"]["responses"]
    answers["200"] = answers.pop("201")


def change_answer(document: dict[str, Any]) -> None:
    answer = document["paths"]["/projects/{project_id}/responses/{response_id}"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/Rating"}


def rename_parameter(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/projects/{project_id}/ratings"]["get"]["parameters"]
    parameters[0] = {**parameters[0], "name": "response_id"}


def remove_operation(document: dict[str, Any]) -> None:
    del document["paths"]["/projects/{project_id}/responses/stats"]


CHANGES: list[tuple[Change, list[str]]] = [
    (
        rename_field,
        [
            "PromptTemplate.slots: in openapi.yaml, not in generated code",
            "PromptTemplate.placeholders: in generated code, not in openapi.yaml",
        ],
    ),
    (require_field, ["Rating.reasoning: required in openapi.yaml, not in generated code"]),
    (forbid_null, ["Experiment.logs: nullable in generated code, not in openapi.yaml"]),
    (allow_null, ["Rating.criterion: nullable in openapi.yaml, not in generated code"]),
    (retype_field, ["Health.version: ['int'] in openapi.yaml, ['str'] in generated code"]),
    (change_default, ["RunExperimentRequest.n_epochs: default 2 in openapi.yaml, 1 in generated code"]),
    (add_enum_value, ["RatingValue: the value 'UNSURE' is in openapi.yaml, not in generated code"]),
    (remove_schema, ["UCEPayloadV1: in generated code, not in openapi.yaml"]),
    (
        move_path,
        [
            f"{name}: path is '/projects/{{project_id}}/marks' in openapi.yaml, "
            "'/projects/{project_id}/ratings' in generated code"
            for name in ("list_ratings", "create_ratings")
        ],
    ),
    (
        change_method,
        [
            "run_experiment: method is 'PUT' in openapi.yaml, 'POST' in generated code",
            "run_experiment: repeatable is True in openapi.yaml, False in generated code",
        ],
    ),
    (change_status, ["create_experiment: status is 200 in openapi.yaml, 201 in generated code"]),
    (
        change_answer,
        [
            "get_response: success is <class 'elluminate_api.models.rating.Rating'> in openapi.yaml, "
            "<class 'elluminate_api.models.prompt_response.PromptResponse'> in generated code"
        ],
    ),
    (
        rename_parameter,
        [
            "list_ratings(response_id): in openapi.yaml, not in generated code",
            "list_ratings(prompt_response_id): in generated code, not in openapi.yaml",
        ],
    ),
    (remove_operation, ["get_response_stats: in generated code, not in openapi.yaml"]),
]


def write_changed(contract: Contract, change: Change, path: Path) -> None:
    """Write a copy of the document with one change."""
    document = copy.deepcopy(contract.document)
    change(document)
    path.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False), encoding="utf-8")


def test_generated_code_matches_the_contract(contract: Contract) -> None:
    found = differences(contract)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_a_difference_is_reported_by_the_name_of_its_place(
    contract: Contract, change: Change, expected: list[str]
) -> None:
    document = copy.deepcopy(contract.document)
    change(document)
    assert differences(Contract(document)) == expected


def test_the_comparison_runs_against_another_document(
    contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "changed.yaml"
    write_changed(contract, rename_field, changed)
    monkeypatch.setenv(PATH_VARIABLE, str(changed))

    with pytest.raises(
        AssertionError, match=r"PromptTemplate\.slots: in openapi\.yaml, not in generated code"
    ):
        test_generated_code_matches_the_contract(load(contract_path()))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What codegen.sh works on, in a folder of its own."""
    if shutil.which("bash") is None:
        pytest.skip("codegen.sh needs bash")
    for name in ("openapi.yaml", "codegen.sh"):
        shutil.copy2(REPOSITORY / name, tmp_path / name)
    shutil.copytree(
        REPOSITORY / "generated", tmp_path / "generated", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def check_drift(checkout: Path) -> subprocess.CompletedProcess[str]:
    tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "codegen.sh", "--check"],
        cwd=checkout,
        env={**os.environ, "PATH": tools},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_codegen_check_accepts_the_repository_as_it_is(checkout: Path) -> None:
    result = check_drift(checkout)
    assert result.returncode == 0, result.stdout + result.stderr


def test_codegen_check_names_a_renamed_field(checkout: Path) -> None:
    before = (checkout / "generated/elluminate_api/models/prompt_template.py").read_bytes()
    write_changed(load(checkout / "openapi.yaml"), rename_field, checkout / "openapi.yaml")

    result = check_drift(checkout)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "slots" in result.stdout
    assert "placeholders" in result.stdout
    assert "run ./codegen.sh" in result.stderr
    after = (checkout / "generated/elluminate_api/models/prompt_template.py").read_bytes()
    assert after == before, "--check must change nothing"
