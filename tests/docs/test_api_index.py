"""The index of methods and the contract's page are what the code and the contract say."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "api.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api_index", ROOT / "docs" / "api_index.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["docs/api.md", "docs/contract.md"])
def test_the_page_is_current(page: str, script: ModuleType) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == script.PAGES[page](), "run python docs/api_index.py"


def test_methods_are_listed_with_the_requests_that_they_make() -> None:
    text = INDEX.read_text(encoding="utf-8")
    for method, request in {
        "create_collection": "`create_collection`: `POST /collections`",
        "delete_llm_config": "`delete_llm_config`: `DELETE /llm_configs/{llm_config_id}`",
        "stream_batch_rate": "`create_ratings_batch`: `POST /ratings/batches`",
        "add_many`, `aadd_many": "`create_template_variables_batch`: `POST /collections/",
        "run`, `arun": "`run_experiment`: `POST /experiments/{experiment_id}/run`",
    }.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{method}` |"))
        assert request in row


def test_almost_every_operation_has_a_method(script: ModuleType) -> None:
    named = set(re.findall(r"`(\w+)`: `[A-Z]+ /", INDEX.read_text(encoding="utf-8")))
    assert named <= script.operations().keys()
    assert len(named) >= 40
