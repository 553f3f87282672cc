"""`elluminate label`: one key for each answer, at a terminal; nothing of what is shown can do anything to it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from elluminate import Client
from elluminate.__main__ import main
from elluminate.schemas import Experiment
from elluminate_server.local import LocalServer

pty = pytest.importorskip("pty", reason="Windows has no such terminals")

PATIENCE = 60.0
"""Seconds after which something is broken."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    found = LocalServer(str(tmp_path / "evals.db"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    with Client(base_url=server.address.base_url, api_key=server.address.api_key) as found:
        yield found


@pytest.fixture
def experiment(client: Client) -> Experiment:
    template = client.create_prompt_template("Tutor", template="Explain {{topic}}.")
    topics = [{"topic": f"topic {number} \x1b[2J\x1b]0;owned\x07"} for number in range(6)]
    collection = client.create_collection("Topics", variables=topics)
    return client.run_experiment("First", template, collection, criteria=["Is it short?", "Is it kind?"])


class Screen:
    """`elluminate label` at a terminal of its own."""

    def __init__(self, server: LocalServer, *arguments: str) -> None:
        self.keys, ours = pty.openpty()
        environment = {
            **os.environ,
            "ELLUMINATE_BASE_URL": server.address.base_url,
            "ELLUMINATE_API_KEY": server.address.api_key,
        }
        command = [sys.executable, "-m", "elluminate", "label", *arguments]
        self.process = subprocess.Popen(  # our own
            command, stdin=ours, stdout=ours, stderr=ours, env=environment, start_new_session=True
        )
        os.close(ours)
        self.text = ""

    def wait_for(self, text: str, times: int = 1) -> None:
        """Read on until it stands there so many times."""
        end = time.monotonic() + PATIENCE
        while self.text.count(text) < times:
            assert time.monotonic() < end, self.text
            if not self._read(end):
                break
        assert self.text.count(text) >= times, self.text

    def press(self, keys: str) -> None:
        """Type keys."""
        os.write(self.keys, keys.encode())

    def ended(self) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + PATIENCE
        while self._read(end):
            pass
        code = self.process.wait(PATIENCE)
        os.close(self.keys)
        return code

    def _read(self, end: float) -> bool:
        with contextlib.suppress(OSError):  # so Linux says that the other side is closed
            if select.select([self.keys], [], [], max(0.0, end - time.monotonic()))[0]:
                read = os.read(self.keys, 65_536)
                self.text += read.decode("utf-8", "replace").replace("\r\n", "\n")
                return bool(read)
        return False


def test_answers_are_labelled_with_one_key_each_and_the_agreement_is_shown(
    server: LocalServer, client: Client, experiment: Experiment
) -> None:
    drawn = experiment.next_to_label(3)
    screen = Screen(server, "First", "--n", "3")
    screen.wait_for("1 of 3 ")
    screen.press("y")
    screen.wait_for("2 of 3 ")
    screen.press("n")
    screen.wait_for("3 of 3 ")
    screen.press("u")
    screen.wait_for("3 of 3 labelled.")
    assert screen.ended() == 0
    assert [(one.response_id, one.value.value) for one in client.list_labels("First")] == [
        (item.response_id, value) for item, value in zip(drawn, ["YES", "NO", "UNSURE"], strict=True)
    ]
    before, after = screen.text.split("3 of 3 labelled.")
    assert "judge not validated" in after
    assert "validated" not in before
    assert "pass rate" not in before
    # What rows hold is shown, and does nothing.
    assert "\\x1b[2J\\x1b]0;owned\\x07" in before
    assert "\x1b" not in screen.text


def test_back_withdraws_the_last_label_and_other_keys_only_say_what_there_is(
    server: LocalServer, client: Client, experiment: Experiment
) -> None:
    screen = Screen(server, str(experiment.id), "--criterion", "Is it kind?", "--n", "2")
    screen.wait_for("1 of 2 ")
    screen.press("b")
    screen.wait_for("This is the first one.")
    screen.press("x\x1b[A")  # no key of ours, and an arrow
    screen.wait_for("y yes, n no, u unsure, b back, q quit", 3)
    screen.press("y")
    screen.wait_for("2 of 2 ")
    screen.press("b")
    screen.wait_for("the last label is withdrawn")
    screen.press("N")
    screen.wait_for("2 of 2 ", 2)
    screen.press("q")
    screen.wait_for("1 of 2 labelled.")
    assert screen.ended() == 0
    (label,) = client.list_labels("First")
    assert label.value == "NO"
    assert [one.value for one in client.list_labels("First", earlier=True)] == ["YES", "NO"]
    assert "Is it short?" not in screen.text.split("1 of 2 labelled.")[0]


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_what_was_given_is_stored_when_somebody_goes_away(
    server: LocalServer, client: Client, experiment: Experiment, key: str
) -> None:
    screen = Screen(server, "First")
    screen.wait_for("1 of 12 ")
    screen.press("y")
    screen.wait_for("2 of 12 ")
    if key == "\x03":
        screen.process.send_signal(2)  # what a terminal makes of it for the program that it belongs to
    else:
        screen.press(key)
    screen.wait_for("1 of 12 labelled.")
    assert screen.ended() == 0
    assert len(client.list_labels("First")) == 1


def test_what_is_not_there_is_one_line(server: LocalServer, client: Client, experiment: Experiment) -> None:
    screen = Screen(server, "Nothing of that name")
    assert screen.ended() == 2
    assert "there is no experiment named 'Nothing of that name'" in screen.text
    assert "Traceback" not in screen.text
    for item in experiment.next_to_label(100):
        item.label("YES")
    screen = Screen(server, "First")
    assert screen.ended() == 0
    assert "There is nothing left to label." in screen.text


def test_without_a_terminal_it_says_what_does_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "First"]) == 2
    told = capsys.readouterr().err
    assert "this is no terminal" in told
    assert "next_to_label(50).to_csv('to_label.csv')" in told


@pytest.mark.parametrize("n", ["0", "x", "10001"])
def test_a_number_that_cannot_be_is_refused(n: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["label", "First", "--n", n])
    assert f"'{n}' is not a number of answers: 1 to 10000" in capsys.readouterr().err
