"""The garbage collector rests while pages are made, and goes on afterwards."""

import gc
import os
import threading
import weakref
from collections.abc import Iterator

import httpx
import pytest

from elluminate import Client, _collector
from elluminate._collector import collector_at_rest
from tests.unit.sdk import answers


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_goes_on_after_the_block_and_after_a_failure() -> None:
    with pytest.raises(KeyError), collector_at_rest():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_it_rests_until_the_last_thread_has_left_its_block() -> None:
    left = threading.Event()

    def other() -> None:
        with collector_at_rest():
            inside.set()
            left.wait(30)

    inside = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(30)
    with collector_at_rest():
        pass
    assert not gc.isenabled()
    left.set()
    thread.join(30)
    assert gc.isenabled()


def test_it_goes_on_when_blocks_follow_each_other_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_collector, "LONGEST_REST", -1.0)
    with collector_at_rest():
        with collector_at_rest():
            pass
        assert gc.isenabled()
    with collector_at_rest():
        assert not gc.isenabled()


def test_it_stays_off_where_somebody_has_turned_it_off() -> None:
    gc.disable()
    with collector_at_rest():
        pass
    assert not gc.isenabled()


def test_an_answer_goes_without_it() -> None:
    answered: list[weakref.ref[httpx.Response]] = []

    def answer(_: httpx.Request) -> httpx.Response:
        response = httpx.Response(200, json={"items": [answers.project()], "count": 1})
        answered.append(weakref.ref(response))
        return response

    gc.disable()
    with httpx.Client(transport=httpx.MockTransport(answer)) as own:
        Client("https://evals.test", "key", skip_version_check=True, http_client=own).list_projects()
    assert answered
    assert {reference() for reference in answered} == {None}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
def test_it_goes_on_in_the_child_of_a_fork() -> None:
    with collector_at_rest():
        child = os.fork()
        if not child:
            os._exit(0 if gc.isenabled() else 1)
        assert os.waitpid(child, 0)[1] == 0
