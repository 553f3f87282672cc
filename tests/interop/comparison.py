"""What two clients sent for one program, held against each other; intended differences are data, with a reason each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff
from itertools import groupby
from typing import Any

from attrs import evolve, field, frozen

from tests.support.recording_proxy import Recorded

Requests = list[Recorded]
Groups = dict[tuple[int, bool], list[str]]

_TASK = re.compile(r"[0-9a-f]{8}-?[0-9a-f-]{20,}")
_STAMP = re.compile(r"\(\d{4}-\d\d-\d\d \d\d:\d\d\)")
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d+")
_MADE_UP = re.compile(r"^evaluate-\d+$|^.+ x .+ \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{6}\)$")
_POLL = re.compile(r"/(generation|batches)/<task> ")


@frozen
class Difference:
    """One way in which the clients are meant to differ.

    Attributes:
        reason: Why.
        undone: What the clients sent, as if they did not differ so.
    """

    reason: str
    undone: Callable[[Requests], Requests]


def _without_query(*names: str) -> Callable[[Requests], Requests]:
    return _each(lambda one: evolve(one, query=[pair for pair in one.query if pair[0] not in names]))


def _each(change: Callable[[Recorded], Recorded]) -> Callable[[Requests], Requests]:
    return lambda requests: [change(request) for request in requests]


def _without_header(name: str) -> Callable[[Recorded], Recorded]:
    return lambda one: evolve(one, headers={key: value for key, value in one.headers.items() if key != name})


def _criteria_at_once(requests: Requests) -> Requests:
    """Inline criteria that were added to a set in a second request, as if the set had been made with them."""
    result: Requests = []
    for request in requests:
        before = result[-1] if result else None
        if (
            before is not None
            and (before.method, request.method) == ("POST", "POST")
            and before.path.endswith("/criterion_sets")
            and request.path.endswith("/criteria")
            and before.body["criteria"] is None
            and _STAMP.search(before.body["name"])
        ):
            result[-1] = evolve(before, body={**before.body, "criteria": request.body["criteria"]})
        else:
            result.append(request)
    return result


def _without_keys_to_models(one: Recorded) -> Recorded:
    """Uploaded responses, as if what says which model answered held no key to it."""
    if not one.path.endswith("/responses/batches"):
        return one
    uploaded = []
    for response in one.body["prompt_response_ins"]:
        metadata = response.get("metadata") or {}
        if model := metadata.get("llm_model_config"):
            metadata = {**metadata, "llm_model_config": {**model, "api_key": None}}
        uploaded.append({**response, "metadata": metadata or response.get("metadata")})
    return evolve(one, body={**one.body, "prompt_response_ins": uploaded})


def _unnamed_evaluations(one: Recorded) -> Recorded:
    """An experiment that `evaluate` named, as if both clients named it alike."""
    if one.method == "POST" and one.path.endswith("/experiments") and _MADE_UP.search(one.body["name"]):
        return evolve(one, body={**one.body, "name": "(named by evaluate)"})
    return one


def _with_the_usual_effort(one: Recorded) -> Recorded:
    """A retry, as if it said how much effort the judge spends, and not that it stays what it was."""
    if one.path.endswith("/retry-failed"):
        return evolve(one, body={"rating_mode": "detailed", **one.body})
    return one


INTENDED = (
    Difference(
        "every POST carries an Idempotency-Key, so that it can be repeated",
        _each(_without_header("idempotency-key")),
    ),
    Difference("lists of templates are not sorted by the text of a dict", _without_query("sort_options")),
    Difference(
        "what is left out is not sent as the text None",
        _each(lambda one: evolve(one, query=[pair for pair in one.query if pair[1] != "None"])),
    ),
    Difference(
        "streams are polls, so that a broken connection does not end them",
        _each(lambda one: evolve(one, path=one.path.removesuffix("/stream"))),
    ),
    Difference(
        "the interval and the place in the log are told in the terms of polls",
        _without_query("polling_interval", "connection_uuid", "log_cursor", "wait"),
    ),
    Difference(
        "inline criteria are stored in one request, so that no empty set is left behind", _criteria_at_once
    ),
    Difference(
        "what says which model answered holds no key to it, not even a masked one",
        _each(lambda one: _without_keys_to_models(one) if one.method == "POST" else one),
    ),
    Difference(
        "an evaluation that nobody named says what was evaluated, and two of one second do not meet",
        _each(_unnamed_evaluations),
    ),
    Difference(
        "a retry spends the effort of its run, unless another one is asked for", _each(_with_the_usual_effort)
    ),
)


@frozen
class ReadDifference:
    """A read that only one of the clients does.

    Attributes:
        pattern: Which requests, as a regular expression of their start.
        reason: Why.
        programs: Where it shows; elsewhere it would be unexpected.
    """

    pattern: str
    reason: str
    programs: frozenset[str]


SPARED = (
    ReadDifference(
        r"GET /api/v0/projects/\d+/collections/\d+ ",
        "a collection that was cleared is not read again",
        frozenset({"resources"}),
    ),
    ReadDifference(
        r"GET /api/v0/projects/\d+/collections/\d+ ",
        "an evaluation over a collection that is named needs its id and columns, and none of its rows",
        frozenset({"evaluating"}),
    ),
    ReadDifference(
        r"GET /api/v0/projects/\d+/responses experiment_id=\d+&page=1 ",
        "an experiment's responses are not read again for ratings that came with the responses read by id",
        frozenset({"experiments", "comparing", "conversations"}),
    ),
)
"""Reads that only the published client does."""

ADDED = (
    ReadDifference(
        r"GET /api/v0/projects/\d+/(experiments/\d+|responses experiment_id=\d+&page=1) ",
        "the end of an evaluation carries the experiment with its responses, as the end of every other wait",
        frozenset({"agent_results"}),
    ),
    ReadDifference(
        r"GET /api/v0/projects/\d+/prompt_templates/\d+ ",
        "a template without criteria is read once more before it is refused, as the object may be older than the link",
        frozenset({"evaluating"}),
    ),
)
"""Reads that only our client does."""


@frozen
class Comparison:
    """How the requests of two clients differ.

    Attributes:
        unexpected: Differences that nobody intended, as a diff; empty when there are none.
        intended: Reasons of those that were found and are meant to be.
        compared: Requests of ours that were compared.
    """

    unexpected: str
    intended: frozenset[str]
    compared: int = field(default=0)


def compared(program: str, published: Iterable[Recorded], ours: Iterable[Recorded]) -> Comparison:
    """Hold the requests of two clients for the same program against each other, one by one.

    Task ids and times are replaced, and the polls of one wait count as one, however many there were. Reads between
    two writes may be sent at the same time, so their order is nobody's promise.
    """
    sides = [[evolve(one, path=_TASK.sub("<task>", one.path)) for one in side] for side in (published, ours)]
    reasons = set()
    for difference in INTENDED:
        without = [difference.undone(side) for side in sides]
        if without != sides:
            reasons.add(difference.reason)
        sides = without
    theirs, mine = (_in_order(side) for side in sides)
    told, kept = (
        _without(SPARED, program, theirs, mine, reasons),
        _without(ADDED, program, mine, theirs, reasons),
    )
    diff = unified_diff(told, kept, "the published client", "ours", n=1, lineterm="")
    return Comparison("\n".join(diff), frozenset(reasons), len(kept))


def _without(
    differences: Iterable[ReadDifference], program: str, side: Groups, other: Groups, reasons: set[str]
) -> list[str]:
    """The lines of one side, without the reads that it alone is meant to do."""
    kept = []
    for group, lines in side.items():
        alone = Counter(lines) - Counter(other.get(group, []))
        for line in lines:
            meant = [one for one in differences if program in one.programs and re.match(one.pattern, line)]
            if alone[line] and meant:
                alone[line] -= 1
                reasons.add(meant[0].reason)
            else:
                kept.append(line)
    return kept


def _in_order(requests: Requests) -> Groups:
    """Requests as lines: writes in their order, and between two of them the reads, sorted."""
    groups: Groups = {}
    writes = 0
    for reading, group in groupby(requests, key=lambda request: request.method == "GET"):
        lines = [_line(request) for request in group]
        groups[(writes, reading)] = list(_once_per_poll(sorted(lines))) if reading else lines
        writes += 0 if reading else len(lines)
    return groups


def _once_per_poll(lines: list[str]) -> Iterator[str]:
    before = ""
    for line in lines:
        if line != before or not _POLL.search(line):
            yield line
        before = line


def _line(request: Recorded) -> str:
    query = "&".join(f"{name}={value}" for name, value in sorted(request.query))
    body = (
        "" if request.body is None else json.dumps(_plain(request.body), sort_keys=True, ensure_ascii=False)
    )
    headers = {
        "media": request.headers.get("content-type", "none").partition(";")[0],
        "level": request.headers.get("sdk-version"),
        "repeatable": "idempotency-key" in request.headers,
    }
    told = " ".join(f"{name}={value}" for name, value in headers.items())
    return f"{request.method} {request.path} {query} {body} [{told}]"


def _plain(body: Any) -> Any:
    """A body without times and ports, and with the lines of an uploaded file as what they say."""
    if isinstance(body, str):
        return _LOOPBACK.sub("<loopback>", _STAMP.sub("(then)", body))
    if isinstance(body, list):
        return [_plain(item) for item in body]
    if isinstance(body, dict):
        if "filename" in body:
            return {**body, "content": [json.loads(line) for line in body["content"].splitlines()]}
        return {name: _plain(value) for name, value in body.items()}
    return body
