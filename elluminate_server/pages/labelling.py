"""The next answer to label, without what the judge said of it."""

import msgspec
from starlette.responses import Response

from elluminate._markup import Bar
from elluminate_server.http.problems import NotFound
from elluminate_server.pages.conversations import turns_of_messages, turns_of_trajectory
from elluminate_server.pages.response import CHOICES
from elluminate_server.pages.visits import Visit, page
from elluminate_server.reading.finding import see_experiment
from elluminate_server.reading.labelling import load_agreement, next_pair
from elluminate_server.reading.matrices import columns_of
from elluminate_server.reading.responses import load_response
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
    criterion_id = visit.asked_number("criterion", 0) or None
    labeller = labeller_of(visit.principal)
    pair = await next_pair(session, experiment.id, criterion_id, labeller)
    agreement = await load_agreement(session, experiment.id, criterion_id, labeller)
    shown = None
    if pair is not None:
        loaded = await load_response(session, pair.response_id)
        shown = msgspec.json.decode(msgspec.json.encode(loaded))
    return visit.show(
        "label.html",
        place="experiments",
        experiment=experiment,
        pair=pair,
        agreement=agreement,
        bar=Bar.of("Agreement", agreement.share, agreement.share.n, 0),
        columns=await columns_of(session, experiment, []),
        criterion_id=criterion_id,
        values={} if shown is None else shown["prompt"]["template_variables"].get("input_values", {}),
        prompt=[] if shown is None else turns_of_messages(shown["prompt"].get("messages") or []),
        answer=[] if shown is None else turns_of_messages(shown["messages"]),
        trajectory=[] if shown is None else turns_of_trajectory(shown.get("trajectory")),
        choices=CHOICES,
    )
