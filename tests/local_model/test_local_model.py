"""The whole way with a real, small model: it understands little, but what it says has the form that was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from elluminate import Client
from tests.support.serve_process import clean_environment

EXAMPLE = Path(__file__).parents[2] / "examples" / "complete_example.py"
TOPICS = [
    "tides",
    "rain",
    "wind",
    "snow",
    "fire",
    "salt",
    "glass",
    "bread",
    "wine",
    "honey",
    "wool",
    "silk",
    "paper",
    "ink",
    "clocks",
    "maps",
    "ships",
    "trains",
    "bridges",
    "kites",
]
CRITERIA = ["Is it about {{topic}}?", "Is it short?", "Is it written in English?"]


def test_the_complete_example_runs(model_environment: dict[str, str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env=clean_environment(ELLUMINATE_BASE_URL=f"local:{tmp_path / 'example.db'}", **model_environment),
        capture_output=True,
        text=True,
        timeout=1800,
    )
    print(ran.stdout[-4000:])
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "Pass rate: " in ran.stdout
    assert "offline" not in ran.stdout
    assert "Failed:" not in ran.stdout


def test_every_row_is_rated_by_every_criterion(
    model_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in model_environment.items():
        monkeypatch.setenv(name, value)
    with Client(base_url=f"local:{tmp_path / 'rows.db'}") as client:
        template, _ = client.get_or_create_prompt_template(
            "Topics", template="Say one sentence about {{topic}}."
        )
        collection, _ = client.get_or_create_collection(
            "Topics", defaults={"variables": [{"topic": topic} for topic in TOPICS]}
        )
        config = client.create_llm_config(
            "Small",
            llm_model_name=model_environment["ELLUMINATE_LLM_MODEL"],
            api_key=model_environment["ELLUMINATE_LLM_API_KEY"],
            llm_base_url=model_environment["ELLUMINATE_LLM_BASE_URL"],
            max_connections=1,
            max_tokens=60,
            timeout=600,
        )
        experiment = client.run_experiment(
            "Topics", template, collection, criteria=CRITERIA, llm_config=config, timeout=3600
        )
        responses = list(experiment.responses())

    assert len(responses) == len(TOPICS) == 20
    assert [response.error for response in responses] == [None] * 20
    ratings = [rating for response in responses for rating in response.ratings]
    assert len(ratings) == 60
    assert {rating.rating.value for rating in ratings} <= {"YES", "NO"}
    assert experiment.results is not None
    assert experiment.results.num_rated_responses == 20
    for made in (response.generation_metadata for response in responses):
        assert made is not None
        assert made.answered_by_model == "smollm2"
        assert made.finish_reason in ("stop", "length")
