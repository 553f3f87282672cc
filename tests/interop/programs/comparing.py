"""Failed responses tried again, and two experiments compared sample by sample."""

import os

from calling import Caller, main

from elluminate import ConflictError


async def retrying(call: Caller, template, collection, quality):
    model = await call.do(
        "create_llm_config",
        name="Fails at first",
        llm_model_name="scripted",
        api_key="not-a-key",
        llm_base_url=os.environ["INTEROP_MODEL_URL"],
    )
    experiment = await call.do(
        "run_experiment",
        name="Fails at first",
        prompt_template=template,
        collection=collection,
        llm_config=model,
        criterion_set=quality,
    )
    call.note("failed", len([response for response in experiment.rated_responses if response.error]))
    call.note("failed in the results", experiment.results.num_failed_responses)
    if call.has(experiment, "retry_failed"):
        good = {response.id for response in experiment.rated_responses if not response.error}
        # The published client has no method that leaves notes.
        for identifier in sorted(response.id for response in experiment.rated_responses):
            call.ask("PATCH", f"responses/{identifier}", {"annotation": "Seen."})
        read = await call.do("get_experiment", id=experiment.id)
        call.note("notes", sorted(response.annotation for response in read.rated_responses))
        await call.refused_of(ConflictError, experiment, "retry_failed")
        again = await call.of(experiment, "retry_failed", discard_annotations=True)
        call.note("notes kept", sorted(response.annotation for response in again.rated_responses))
        call.note("still failed", len([response for response in again.rated_responses if response.error]))
        call.note("good ones kept", good <= {response.id for response in again.rated_responses})
        nothing = await call.of(experiment, "retry_failed")
        call.note("nothing to retry", len(nothing.rated_responses))
    return experiment


async def comparing(call: Caller, template, collection, quality):
    first = await call.do(
        "create_experiment", name="A", prompt_template=template, collection=collection, criterion_set=quality
    )
    second = await call.do(
        "create_experiment", name="B", prompt_template=template, collection=collection, criterion_set=quality
    )
    # The offline judge finds the question's words in one text, and not in the other.
    for experiment, text in ((first, ""), (second, "Purple elephants dance.")):
        texts = [text or "Nothing of the kind.", "Purple elephants dance.", "Purple elephants dance."]
        await call.of(experiment, "add_responses", responses=texts, template_variables=collection.variables)
        await call.of(experiment, "rate_responses")
    if not call.has(call.client, "list_comparison_samples"):
        return
    criterion = (await call.do("get_criterion_set", id=quality.id)).criteria[0]

    async def samples(**filters):
        listed = await call.do("list_comparison_samples", experiment_a=first, experiment_b=second, **filters)
        return [
            [s.experiment_id == second.id, s.template_variables_id, len(s.prompt_response_ids)]
            for s in listed
        ]

    everything = await samples()
    improved = await samples(filter_samples_by="improved")
    regressed = await samples(filter_samples_by="regressed")
    of_criterion = await samples(filter_samples_by="improved", criterion_ids=[criterion.id])
    of_concept = await samples(categorical_filters={"concept": ["closures", "monads"]})
    call.note("samples", [len(everything), {count for *_, count in everything} == {1}])
    call.note("improved", [len(improved), len(of_criterion), len(regressed)])
    call.note("of some rows", len(of_concept))


async def program(call: Caller):
    template = await call.do("create_prompt_template", name="Explain", messages="Explain {{concept}}.")
    rows = [{"concept": concept} for concept in ("recursion", "closures", "monads")]
    collection = await call.do("create_collection", name="Concepts", variables=rows)
    quality = await call.do(
        "create_criterion_set", name="Quality", criteria=['Does the answer contain "Purple elephants"?']
    )
    await retrying(call, template, collection, quality)
    await comparing(call, template, collection, quality)


main(program)
