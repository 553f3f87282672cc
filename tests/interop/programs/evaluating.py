"""evaluate(): by name and with objects, through the client of the process and through a given one."""

from calling import Caller, main

from elluminate import Client, evaluate
from elluminate.evaluate import reset_default_client
from elluminate.schemas import RatingMode


def told(experiment):
    """What every evaluation brings."""
    texts = [response.response_str for response in experiment.rated_responses]
    ratings = sorted({len(response.ratings) for response in experiment.rated_responses})
    return [len(texts), all(texts), ratings, experiment.results is not None]


async def program(call: Caller):
    template = await call.do("create_prompt_template", name="Explain", messages="Explain {{concept}}.")
    rows = [{"concept": concept} for concept in ("recursion", "closures")]
    collection = await call.do("create_collection", name="Concepts", variables=rows)
    linked = await call.do("create_criterion_set", name="Linked", criteria=["Is it short?"])
    other = await call.do("create_criterion_set", name="Other", criteria=["Is it kind?", "Is it true?"])
    model = await call.do(
        "create_llm_config", name="Small", llm_model_name="small-1", api_key="not-a-key", max_tokens=100
    )
    await call.of(linked, "link_template", template)

    by_name = await call.blocking(evaluate, "Explain", "Concepts", name="By name")
    call.note("by name", [by_name.name, *told(by_name)])
    further = await call.blocking(
        evaluate, "Explain", "Concepts", "Other", "Small", name="All by name", rating_mode=RatingMode.FAST
    )
    call.note("all by name", [further.llm_config.name, further.criterion_set.name, *told(further)])
    reset_default_client()

    given = Client()
    judge = {"rating_version": "latest"} if call.level >= (1, 5) else {}
    by_object = await call.blocking(
        evaluate, template, collection, other, model, name="By object", client=given, **judge
    )
    template = await call.do("get_prompt_template", id=template.id)
    unnamed = await call.blocking(evaluate, template, "Concepts", client=given)
    bare = await call.do("create_prompt_template", name="Bare", messages="Define {{concept}}.")
    await call.refused_by(ValueError, evaluate, bare, collection, client=given)
    await call.refused_by(ValueError, evaluate, "Nothing", collection, client=given)
    given.close()
    call.note("by object", [by_object.criterion_set.id == other.id, *told(by_object)])
    call.note("unnamed", [bool(unnamed.name), *told(unnamed)])


main(program)
