"""Two people label in browsers while a run goes on and the server is killed: each label is there, and once."""

from __future__ import annotations

import html
import itertools
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
from attrs import define, field

from tests.execution.backend import Backend
from tests.execution.test_kill import can_kill, connected, settings_for
from tests.faults.killing import living
from tests.support.model_server import ModelServer

ROWS, OF_THE_RUN, KILLS, SECONDS = 12, 120, 3, 120.0
CRITERIA = ("Is it short?", "Is it kind?")
PAIRS = list(itertools.product(range(1, ROWS + 1), range(1, len(CRITERIA) + 1)))
"""What there is to label: the first answers, by the first criteria."""


@define
class Person:
    """Somebody with a browser, who goes on where the page says that they are.

    Attributes:
        base_url: Where the server is, after each start.
        key: Their key.
        is_up: Set while the server is there.
        given: Their labels that were taken, as (response, criterion).
        interrupted: How often a request of theirs was cut off.
    """

    base_url: str
    key: str = field(repr=False)
    is_up: threading.Event
    one_more: threading.Semaphore
    given: list[tuple[int, int]] = field(factory=list)
    interrupted: int = 0

    def label(self, experiment_id: int) -> None:
        """All of an experiment, one after the other."""
        headers = {"Origin": self.base_url}
        with httpx.Client(base_url=self.base_url, headers=headers, trust_env=False, timeout=30) as http:
            assert http.post("/login", data={"key": self.key}).status_code == 303
            while True:
                assert self.is_up.wait(SECONDS)
                try:
                    page = http.get("/projects/1/label", params={"experiment": experiment_id})
                    assert page.status_code == 200, page.text
                    if "There is nothing left to label here." in page.text:
                        return
                    found = re.search(r'action="(/projects/1/responses/(\d+)/label)"', page.text)
                    fields = dict(re.findall(r'name="(token|criterion_id|next)" value="([^"]*)"', page.text))
                    assert found is not None
                    fields = {name: html.unescape(value) for name, value in fields.items()}
                    answer = http.post(found[1], data=fields | {"value": "YES"})
                except httpx.TransportError:
                    self.interrupted += 1
                    continue
                assert answer.status_code == 303, answer.text
                self.given.append((int(found[2]), int(fields["criterion_id"])))
                self.one_more.release()


@can_kill
def test_two_people_s_labels_are_there_once_each_after_kills_during_a_run(tmp_path: Path) -> None:
    database = tmp_path / "labels.db"
    is_up, one_more = threading.Event(), threading.Semaphore(0)
    with (
        ModelServer() as model,
        living(database, settings_for(model)) as server,
        ThreadPoolExecutor() as threads,
    ):
        server.stay_here()
        with connected(server.served) as http:
            backend = Backend(http)
            judged = backend.create_experiment(rows=ROWS, criteria=CRITERIA, name="judged")
            backend.ended(judged, backend.run(judged))
            model.latency = 0.02
            going_on = backend.create_experiment(rows=OF_THE_RUN, criteria=CRITERIA, name="goes on")
            task_id = backend.run(going_on)
            keys = [backend.post("api-keys", {"name": name, "role": "editor"})["key"] for name in ("a", "b")]
        people = [Person(server.served.base_url, key, is_up, one_more) for key in keys]
        is_up.set()
        labelling = [threads.submit(person.label, judged["id"]) for person in people]
        for _ in range(KILLS):
            for _ in range(len(PAIRS) // 3):
                assert one_more.acquire(timeout=SECONDS)
            is_up.clear()
            server.kill_and_start()
            is_up.set()
        for one in labelling:
            one.result(SECONDS)
        with connected(server.served) as http:
            backend = Backend(http)
            assert backend.ended(going_on, task_id)["status"] == "SUCCESS"
            results = backend.get(f"experiments/{going_on['id']}")["results"]
            assert results["num_rated_responses"] == OF_THE_RUN
            assert results["verdicts"]["given"] == OF_THE_RUN * len(CRITERIA)
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "SELECT labeller, response_id, criterion_id, superseded_at FROM labels ORDER BY 1, 2, 3"
        ).fetchall()
    labellers = sorted({labeller for labeller, *_ in found})
    assert len(labellers) == len(people)
    assert found == [(one, *pair, None) for one in labellers for pair in sorted(PAIRS)]
    for person in people:
        assert len(person.given) == len(set(person.given))
        assert set(person.given) <= set(PAIRS)
    assert any(person.interrupted for person in people)
