"""A scripted server on a real socket that knows as much of the API as connections and event loops need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.scripted_http import Answered, ScriptedServer
from tests.unit.sdk import answers

ROOT = "/api/v0"
PROJECT = f"{ROOT}/projects/1"


@contextmanager
def evals_server() -> Iterator[ScriptedServer]:
    """A server with one project, one template, one collection and an experiment that ends at once."""
    with ScriptedServer() as server:
        server.on(
            "POST",
            f"{ROOT}/version/compatible",
            Answered({"is_compatible": True, "required_sdk_version": None}),
        )
        server.on("GET", f"{ROOT}/projects", Answered({"items": [answers.project()], "count": 1}))
        server.on("GET", f"{PROJECT}/prompt_templates/10", Answered(answers.template()))
        server.on("GET", f"{PROJECT}/collections/20", Answered(answers.collection()))
        server.on("POST", f"{PROJECT}/experiments", Answered(answers.experiment(generation_task_id="t")))
        server.on("GET", f"{PROJECT}/experiments/70/generation/t", Answered(answers.task("SUCCESS")))
        server.on("GET", f"{PROJECT}/experiments/70", Answered(answers.experiment(results=answers.results())))
        server.on("GET", f"{PROJECT}/responses", Answered({"items": [answers.response()], "count": 1}))
        yield server
