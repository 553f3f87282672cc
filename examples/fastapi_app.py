"""A web service that evaluates prompts: one AsyncClient for the whole application.

Needs fastapi and uvicorn.

    ELLUMINATE_BASE_URL=local: python examples/fastapi_app.py --port 8080
    curl http://127.0.0.1:8080/evaluate -H 'Content-Type: application/json' -d '{
        "prompt": "Explain {{concept}} in one sentence.",
        "test_cases": [{"concept": "recursion"}],
        "criteria": ["Is it concise?"]}'
"""

from __future__ import annotations

import argparse
import datetime
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from elluminate import APIError, AsyncClient, ValidationError

# Made at import time, before there is an event loop; it connects at the first call.
client = AsyncClient()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Close the client's connections when the application stops."""
    yield
    await client.close()


app = FastAPI(lifespan=lifespan)


class Evaluation(BaseModel):
    """What to evaluate."""

    prompt: str = Field(min_length=1)
    test_cases: list[dict[str, Any]] = Field(min_length=1, max_length=100)
    criteria: list[str] = Field(min_length=1, max_length=20)


class Outcome(BaseModel):
    """What came of it."""

    experiment_id: int
    pass_rate: float | None
    answers: list[str]


@app.post("/evaluate")
async def evaluate(wanted: Evaluation) -> Outcome:
    """Answer every test case and judge every answer."""
    # Requests run at the same time, so each takes names of its own.
    name = f"Web {datetime.datetime.now():%Y-%m-%d} {uuid.uuid4().hex[:8]}"
    try:
        template = await client.create_prompt_template(name, template=wanted.prompt)
        collection = await client.create_collection(name, variables=wanted.test_cases)
        experiment = await client.run_experiment(name, template, collection, criteria=wanted.criteria)
    except ValidationError as error:  # the caller's mistake, for example a placeholder with no column
        raise HTTPException(422, str(error)) from error
    except APIError as error:
        raise HTTPException(502, f"the evaluation failed: {error}") from error
    return Outcome(
        experiment_id=experiment.id,
        pass_rate=experiment.results.mean_all_ratings.yes if experiment.results else None,
        answers=[response.response_text for response in experiment.responses()],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A web service that evaluates prompts.")
    parser.add_argument("--port", type=int, default=8080, help="0 takes any free one (default: %(default)s)")
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port)
