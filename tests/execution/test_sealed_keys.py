"""Runs with LLM configs whose keys are sealed: each is sent to its own endpoint, and one that was copied to none."""

import contextlib
import sqlite3
from pathlib import Path

from tests.execution.backend import Backend
from tests.support.databases import sqlite_only
from tests.support.model_server import ModelServer

THEIRS = "sk-theirs-0123456789abcdef"


@sqlite_only
def test_a_key_that_was_copied_to_another_config_is_sent_nowhere(
    backend: Backend, model_server: ModelServer, tmp_path: Path
) -> None:
    mine, theirs = (
        backend.post(
            "llm_configs",
            {
                "name": name,
                "llm_model_name": "scripted",
                "api_key": key,
                "llm_base_url": model_server.base_url,
            },
        )
        for name, key in (("Mine", "sk-mine-0123456789abcdef"), ("Theirs", THEIRS))
    )
    own = backend.create_experiment(rows=1, name="own", llm_config_id=theirs["id"])
    assert backend.ended(own, backend.run(own))["status"] == "SUCCESS"
    sent = {request.headers["authorization"] for request in model_server.requests}
    assert sent == {f"Bearer {THEIRS}"}
    model_server.requests.clear()

    with contextlib.closing(sqlite3.connect(tmp_path / "runs.db")) as connection, connection:
        connection.execute(
            "UPDATE llm_configs SET api_key = (SELECT api_key FROM llm_configs WHERE id = ?) WHERE id = ?",
            (theirs["id"], mine["id"]),
        )
    experiment = backend.create_experiment(rows=2, name="copied", llm_config_id=mine["id"])
    status = backend.ended(experiment, backend.run(experiment))
    assert status["has_internal_error"] is False
    failed = backend.responses(experiment_id=experiment["id"])
    assert len(failed) == 2
    assert all("LLM config 'Mine' cannot be used" in str(response) for response in failed)
    assert all("copied from elsewhere" in str(response) for response in failed)
    assert model_server.requests == []
