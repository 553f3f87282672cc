"""How much memory a client takes for long lists of responses, read from a server in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen
from sqlalchemy import create_engine, insert, literal, select
from sqlalchemy.orm import aliased

from elluminate import Client
from elluminate_server.store.tables import Rating, Response
from tests.support.serve_process import Served, clean_environment, serving

READING = Path(__file__).with_name("reading.py")
ROWS = 100
EPOCHS = {"Ten thousand": 100, "A hundred thousand": 1_000}
CRITERIA = ["Is it short?", "Does it mention {{concept}}?"]
READING_SECONDS = 600


@frozen
class Reading:
    """What a process that read an experiment reported."""

    responses: int
    ratings: int
    seconds: float
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.responses:,} responses in {self.seconds:.1f} s, {self.peak_mb:.0f} MB at most"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with an experiment of ten thousand responses, and one of a hundred thousand."""
    database = tmp_path_factory.mktemp("memory") / "many.db"
    with serving(database) as served:
        with Client(base_url=served.base_url, api_key=served.api_key) as client:
            template = client.create_prompt_template("Explain", template="Explain {{concept}} to {{reader}}.")
            rows = [{"concept": f"concept {number}", "reader": "a child"} for number in range(ROWS)]
            collection = client.create_collection("Concepts", variables=rows)
            criteria = client.create_criterion_set("Quality", CRITERIA)
            for name, epochs in EPOCHS.items():
                experiment = client.run_experiment(name, template, collection, criterion_set=criteria)
                _repeat(database, experiment.id, epochs)
        yield served


def _repeat(database: Path, experiment_id: int, epochs: int) -> None:
    """Copy what the first epoch brought to further ones, within the database."""
    first, other, rating = aliased(Response), aliased(Response), aliased(Rating)
    of_responses = [one.name for one in Response.__table__.columns if one.name not in ("id", "epoch")]
    of_ratings = [one.name for one in Rating.__table__.columns if one.name not in ("id", "response_id")]
    further = select(literal(2).label("epoch")).cte("further", recursive=True)
    further = further.union_all(select(further.c.epoch + 1).where(further.c.epoch < epochs))
    copies = (
        select(*(getattr(first, name) for name in of_responses), further.c.epoch)
        .join_from(first, further, first.epoch == 1)
        .where(first.experiment_id == experiment_id)
    )
    verdicts = (
        select(*(getattr(rating, name) for name in of_ratings), other.id)
        .join(first, first.id == rating.response_id)
        .join(other, (other.experiment_id == first.experiment_id) & (other.entry_id == first.entry_id))
        .where(first.experiment_id == experiment_id, first.epoch == 1, other.epoch > 1)
    )
    engine = create_engine(f"sqlite:///{database.as_posix()}")
    with engine.begin() as connection:
        connection.execute(insert(Response).from_select([*of_responses, "epoch"], copies))
        connection.execute(insert(Rating).from_select([*of_ratings, "response_id"], verdicts))
    engine.dispose()


def read(served: Served, way: str, experiment: str) -> Reading:
    done = subprocess.run(
        [sys.executable, str(READING), way, experiment],
        env=clean_environment(**served.environment),
        capture_output=True,
        encoding="utf-8",
        timeout=READING_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    reading = Reading(**json.loads(done.stdout.splitlines()[-1]))
    print(f"{way}: {reading}")  # for reading, with -s or -rP
    return reading


@pytest.mark.parametrize("way", ["iterated", "iterated_async"])
def test_iterating_a_hundred_thousand_responses_keeps_the_client_below_150_mb(
    served: Served, way: str
) -> None:
    reading = read(served, way, "A hundred thousand")
    assert (reading.responses, reading.ratings) == (100_000, 200_000)
    assert reading.peak_mb < 150, reading


def test_holding_ten_thousand_responses_takes_less_than_200_mb(served: Served) -> None:
    reading = read(served, "held", "Ten thousand")
    assert (reading.responses, reading.ratings) == (10_000, 20_000)
    assert reading.peak_mb < 200, reading
