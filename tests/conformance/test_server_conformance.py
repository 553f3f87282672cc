"""schemathesis against every operation that the server offers: no server error, no answer outside the contract.

The seed is fixed, so that a run can be repeated; SCHEMATHESIS_SEED and SCHEMATHESIS_EXAMPLES widen the search.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from elluminate_server.app import create_app
from elluminate_server.http.contract import operations
from elluminate_server.http.pipeline import HANDLERS
from elluminate_server.settings import Settings
from tests.contract.document import contract_path
from tests.support.serve_process import Served, clean_environment, serving

SEED = os.environ.get("SCHEMATHESIS_SEED", "20260401")
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "25")
SECONDS = 1500

ANSWERS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "use_after_free",
    "ignored_auth",
    "unsupported_method",
)
"""Checks on answers. A request that the schema allows and a rule refuses (a name that is taken) is fine."""

REFUSALS = ("not_a_server_error", "negative_data_rejection")
"""Checks that what breaks the contract is refused."""

CONFIGURATION = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "409", "413", "414", "422", "431"]
"""

IN_THE_DEFAULT_PROJECT = """
[parameters]
"path.project_id" = 1
"""
"""Requests reach what is behind the project's own check."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "conformance.db") as served:
        yield served


@pytest.mark.parametrize(
    ("checks", "configuration", "arguments"),
    [
        (ANSWERS, CONFIGURATION + IN_THE_DEFAULT_PROJECT, ()),
        (REFUSALS, CONFIGURATION, ("--mode", "negative", "--phases", "coverage,fuzzing")),
    ],
    ids=["answers", "refusals"],
)
def test_schemathesis_finds_nothing(
    checks: tuple[str, ...], configuration: str, arguments: tuple[str, ...], server: Served, tmp_path: Path
) -> None:
    configured = tmp_path / "schemathesis.toml"
    configured.write_text(configuration, encoding="utf-8")
    create_app(Settings(database_url=":memory:"))  # registers the handlers
    not_offered = sorted(set(operations()) - HANDLERS.keys())
    excluded = [part for each in [*not_offered, "get_health"] for part in ("--exclude-operation-id", each)]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("--config-file", str(configured)),
            *("run", str(contract_path())),
            *("--url", f"{server.base_url}/api/v0"),
            *("--header", f"X-API-Key: {server.api_key}"),
            *("--checks", ",".join(checks)),
            *("--seed", SEED),
            *("--max-examples", EXAMPLES),
            *("--generation-database", "none"),
            *("--suppress-health-check", "all"),
            "--continue-on-failure",
            *arguments,
            *excluded,
        ],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-4_000:]}"
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated is not None and int(generated[1]) >= 2_000, done.stdout[-2_000:]
    assert server.process.poll() is None, "the server died"
