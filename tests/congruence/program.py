"""One program of many calls, written once, run by both clients over every way to reach a server."""

from __future__ import annotations

from tests.congruence.agents import agents
from tests.congruence.caller import Caller
from tests.congruence.conversations import conversations
from tests.congruence.files import files
from tests.congruence.resources import prompts_of_rows, resources
from tests.congruence.runs import deleting, failures, judges, runs


async def program(call: Caller) -> None:
    """Create, change, run, rate, compare, read and delete one of everything."""
    made = await resources(call)
    await prompts_of_rows(call)
    await runs(call, made)
    await judges(call, made)
    await failures(call, made)
    await conversations(call)
    await agents(call)
    await files(call, made.explain)
    await deleting(call, made)
