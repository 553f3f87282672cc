"""A program that may be killed at any moment and started again: it goes on where it stood.

python -m tests.faults.interrupted_program ROWS
"""

from __future__ import annotations

import sys
from typing import Any

from elluminate import Client, ConflictError, NotFoundError

CRITERIA = ("Is it short?", "Is it right?")


def run(client: Client, rows: int) -> Any:
    """Make what an experiment needs, unless it is there, and have it run, unless it did."""
    template, _ = client.get_or_create_prompt_template("Interrupted", "Explain {{topic}}.")
    collection, _ = client.get_or_create_collection("Interrupted", {"columns": ["topic"]})
    collection.add_many([{"topic": f"topic{number}"} for number in range(rows)], skip_existing=True)
    quality, _ = client.get_or_create_criterion_set("Interrupted", {"criteria": list(CRITERIA)})
    try:
        experiment = client.get_experiment(name="Interrupted", fetch_responses=False)
    except NotFoundError:
        experiment = client.create_experiment("Interrupted", template, collection, criterion_set=quality)
    try:
        experiment.run()
    except ConflictError:  # it was started before
        experiment.wait_until_finished(timeout=120)
    return client.get_experiment(name="Interrupted")


def counts(client: Client) -> dict[str, Any]:
    """How many there are of what the program makes."""
    responses = [
        response
        for experiment in client.list_experiments()
        for response in client.get_experiment(id=experiment.id).responses()
    ]
    return {
        "templates": len(client.list_prompt_templates()),
        "collections": len(client.list_collections()),
        "rows": len(client.get_collection(name="Interrupted").variables),
        "criterion sets": len(client.list_criterion_sets()),
        "experiments": len(client.list_experiments()),
        "responses": len(responses),
        "rows with a response": len({response.prompt.template_variables.id for response in responses}),
        "errors": sum(bool(response.error) for response in responses),
        "ratings": sum(len(response.ratings) for response in responses),
    }


def whole(rows: int) -> dict[str, Any]:
    """The counts when it has come to its end."""
    return {
        **dict.fromkeys(("templates", "collections", "criterion sets", "experiments"), 1),
        **dict.fromkeys(("rows", "responses", "rows with a response"), rows),
        "errors": 0,
        "ratings": rows * len(CRITERIA),
    }


if __name__ == "__main__":
    with Client() as client:
        run(client, int(sys.argv[1]))
