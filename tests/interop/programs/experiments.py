"""Experiments: created, run, streamed, rated, fed with external answers, cloned, looked up, listed, deleted."""

import os

from calling import Caller, main

from elluminate.exceptions import ConflictError
from elluminate.schemas import RatingMode


def shape(experiment):
    """What can be told of an experiment in one line each."""
    results = experiment.results
    return {
        "name": experiment.name,
        "responses": len(experiment.rated_responses),
        "ratings": sorted({len(response.ratings) for response in experiment.rated_responses}),
        "texts": all(response.response_str for response in experiment.rated_responses),
        "pass rate": results and 0 <= results.mean_all_ratings.yes <= 1,
        "criteria": results and len(results.mean_rating_by_criterion_id),
    }


async def running(call: Caller, template, collection, quality):
    first = await call.do(
        "run_experiment", name="First", prompt_template=template, collection=collection, criterion_set=quality
    )
    inline = await call.do(
        "run_experiment",
        name="Inline",
        prompt_template=template,
        collection=collection,
        criteria=["Is it short?", "Is it kind?", "Is it true?"],
        description="with criteria of its own",
    )
    created = await call.do(
        "create_experiment",
        name="Created",
        prompt_template=template,
        collection=collection,
        criterion_set=quality,
    )
    await call.of(created, "run", n_epochs=2, rating_mode=RatingMode.FAST)
    clone = await call.of(created, "clone", name="Clone", description="as the one before")
    await call.of(clone, "run")
    other = await call.do("create_criterion_set", name="Other", criteria=["Is it true?"])
    model = await call.do("create_llm_config", name="Small", llm_model_name="small-1", api_key="not-a-key")
    judge = {"rating_version": "mock"} if call.level >= (1, 5) else {}
    changed = await call.of(
        first, "clone", name="Changed", llm_config=model, criterion_set=other, description="", **judge
    )
    await call.of(changed, "run")
    call.note(
        "changed", [changed.llm_config.name, changed.criterion_set.name, changed.description, shape(changed)]
    )
    if judge:
        kept = await call.of(changed, "clone", name="Kept judge")
        default = await call.of(changed, "clone", name="Default judge", rating_version=None)
        call.note("judges", [changed.rating_version, kept.rating_version, default.rating_version != "mock"])
    judged = await call.do(
        "run_experiment",
        name="Judged",
        prompt_template=template,
        collection=collection,
        criterion_set=quality,
        rating_version="latest",
        n_epochs=2,
    )
    call.note("judged", [bool(judged.rating_version), judged.rating_version != "latest", shape(judged)])
    await call.refused(
        ConflictError, "create_experiment", name="First", prompt_template=template, collection=collection
    )
    await call.refused(ValueError, "get_experiment", name="Nothing")
    for experiment in (first, inline, created, clone):
        call.note(experiment.name, shape(experiment))
    call.note("epochs", sorted(response.epoch for response in created.rated_responses))
    call.note("inline set", inline.criterion_set.name.partition("(")[0])
    call.note("described", [inline.description, clone.description])
    return first, created


async def reading(call: Caller, first, template, collection):
    named = await call.do("get_experiment", name="First")
    bare = await call.do("get_experiment", id=first.id, fetch_responses=False)
    fetched = len(bare.rated_responses)
    await call.of(bare, "fetch_responses")
    everything = await call.do("list_experiments")
    some = await call.do("list_experiments", prompt_template=template, collection=collection)
    call.note("read", [shape(named), fetched, len(bare.rated_responses)])
    # Only the newer client's clones can have another judge.
    names = [[one.name for one in listed if not one.name.endswith(" judge")] for listed in (everything, some)]
    call.note("listed", sorted(names[0]))
    call.note("listed by template", len(names[1]))
    summary = {criterion.id: criterion.criterion_str for criterion in named.criterion_set.criteria or []}
    call.note("criteria named", sorted(summary.values()))


async def external(call: Caller, template, collection, quality):
    answered = await call.do(
        "create_experiment",
        name="External",
        prompt_template=template,
        collection=collection,
        criterion_set=quality,
    )
    texts = [f"An answer from elsewhere, number {number}." for number in range(len(collection.variables))]
    added = await call.of(answered, "add_responses", responses=texts, template_variables=collection.variables)
    ratings = await call.of(answered, "rate_responses")
    again = await call.do("get_experiment", id=answered.id)
    call.note("added", sorted(response.response_str for response in added))
    call.note("rated", [len(of_response) for of_response in ratings])
    call.note("external", shape(again))
    transcript = [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "From a transcript."},
    ]
    more = await call.of(
        answered,
        "add_responses",
        responses=[transcript],
        template_variables=[collection.variables[0]],
        epoch=2,
    )
    rated = await call.of(answered, "rate_responses", prompt_responses=more, rating_mode=RatingMode.FAST)
    call.note("transcript", [response.response_str for response in more])
    call.note("rated alone", [len(of_response) for of_response in rated])


async def streaming(call: Caller, template, collection, quality):
    if not call.asynchronous or not call.has(call.client, "stream_experiment"):
        return
    events = await call.follow(
        "stream_experiment",
        name="Streamed",
        prompt_template=template,
        collection=collection,
        criterion_set=quality,
        polling_interval=0.1,
    )
    last = events[-1]
    call.note(
        "stream",
        [last.status.value, last.is_success, [event.is_complete for event in events[:-1]].count(True)],
    )
    told = [event.progress for event in events if event.progress]
    call.note("stream progress", [bool(told), told[-1].responses_generated, told[-1].responses_rated])
    call.note("streamed", shape(last.result))
    responses = sorted(last.result.rated_responses, key=lambda response: response.id)
    rating = await call.follow("stream_batch_rate", prompt_responses=responses, polling_interval=0.1)
    call.note("rating stream", [rating[-1].status.value, len(rating[-1].result or [])])


async def program(call: Caller):
    template = await call.do("create_prompt_template", name="Explain", messages="Explain {{concept}}.")
    rows = [{"concept": concept} for concept in ("recursion", "closures", "monads")]
    collection = await call.do("create_collection", name="Concepts", variables=rows)
    quality = await call.do("create_criterion_set", name="Quality", criteria=["Is it short?", "Is it kind?"])
    await call.of(quality, "link_template", template)
    first, created = await running(call, template, collection, quality)
    await reading(call, first, template, collection)
    await external(call, template, collection, quality)
    await streaming(call, template, collection, quality)
    await call.do("delete_experiment", created)
    await call.refused(ValueError, "get_experiment", name="Created")
    await call.do("check_version")
    first.print_results_summary()  # in words of each client's own
    call.note(
        "told", [os.environ["ELLUMINATE_API_KEY"] in call.client.get_info(), len(list(first.responses()))]
    )


main(program)
