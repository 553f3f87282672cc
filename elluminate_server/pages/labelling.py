"""The next answer to label, without what the judge said of it; and how far the judge agrees with people so far."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from elluminate._markup import Bar
from elluminate_server.http.problems import NotFound
from elluminate_server.pages.conversations import turns_of_messages, turns_of_trajectory
from elluminate_server.pages.experiment import asked_criterion
from elluminate_server.pages.response import CHOICES
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.finding import see_experiment
from elluminate_server.reading.labelling import (
    WeighedJudge,
    has_labels,
    load_judges,
    load_labelling,
    next_pair,
)
from elluminate_server.reading.responses import load_response
from elluminate_server.reading.run_criteria import columns_of
from elluminate_server.writing.labels import labeller_of

__all__: list[str] = []


@page("/projects/{project_id:int}/label", is_long=True)
async def label_next(visit: Visit) -> Response:
    """Of one experiment, by one of its criteria or all of them."""
    session = visit.session
    experiment_id = visit.asked_number("experiment", 0)
    if not experiment_id:
        raise NotFound("experiment", repr(visit.asked("experiment")[:40]))
    experiment = await see_experiment(session, visit.project_id, experiment_id)
    criterion_id = await asked_criterion(visit, experiment)
    labeller = labeller_of(visit.principal)
    pair = await next_pair(session, experiment.id, criterion_id, labeller)
    judges = await load_judges(session, experiment) if await has_labels(session, experiment.id) else ()
    shown = None
    if pair is not None:
        loaded = await load_response(session, pair.response_id)
        shown = msgspec.json.decode(msgspec.json.encode(loaded))
    return visit.show(
        "label.html",
        place="experiments",
        experiment=experiment,
        pair=pair,
        labelling=await load_labelling(session, experiment.id, criterion_id, labeller),
        judges=None if judges is None else _weighed(judges, criterion_id),
        columns=await columns_of(session, experiment, []),
        criterion_id=criterion_id,
        values={} if shown is None else shown["prompt"]["template_variables"].get("input_values", {}),
        prompt=[] if shown is None else turns_of_messages(shown["prompt"].get("messages") or []),
        answer=[] if shown is None else turns_of_messages(shown["messages"]),
        trajectory=[] if shown is None else turns_of_trajectory(shown.get("trajectory")),
        choices=CHOICES,
    )


def _weighed(
    judges: Sequence[WeighedJudge], criterion_id: int | None
) -> list[tuple[WeighedJudge, list[Bar]]]:
    """Those that have labels, each with its rates as they are."""
    return [
        (
            one,
            [
                Bar.of(name, rate, rate.n, None)
                for name, rate in (
                    ("says YES to what is YES", one.figures.true_positive_rate),
                    ("says NO to what is NO", one.figures.true_negative_rate),
                    ("pass rate", one.figures.pass_rate),
                    ("corrected", one.figures.corrected_pass_rate),
                )
            ],
        )
        for one in judges
        if one.is_labelled and criterion_id in (None, one.criterion_id)
    ]
