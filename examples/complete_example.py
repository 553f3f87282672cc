"""The whole way, once: a template, criteria, test cases, a run, and every answer with its verdicts.

Run it without account or network, as often as you like:

    ELLUMINATE_BASE_URL=local: python examples/complete_example.py

Without ELLUMINATE_BASE_URL it uses the hosted platform and needs ELLUMINATE_API_KEY.
"""

from __future__ import annotations

import asyncio
import datetime
import textwrap

from elluminate import AsyncClient
from elluminate.schemas import PromptResponse, RatingValue

NAME = "Scheme concepts"
PROMPT = "Explain how {{concept}} works in Scheme. Give a short code example."
CONCEPTS = ["recursion", "closures", "tail calls"]


async def main() -> None:
    async with AsyncClient() as client:
        # A template is one prompt with placeholders. The same name with another text is its next version.
        template, _ = await client.get_or_create_prompt_template(NAME, template=PROMPT)
        print(f"Template    {template.name!r}, version {template.version}")
        print(f"            {PROMPT}")

        # Criteria are yes/no questions about an answer. The model proposes some; they are kept with the template.
        criteria, generated = await template.aget_or_generate_criteria()
        print(
            f"Criteria    {len(criteria)}, {'proposed by the model' if generated else 'from an earlier run'}"
        )
        criterion_set = await client.get_criterion_set(name=template.name)

        # A collection holds the test cases: one row per case, one column per placeholder.
        collection, _ = await client.get_or_create_collection(NAME)
        await collection.aadd_many(
            variables=[{"concept": concept} for concept in CONCEPTS], skip_existing=True
        )
        print(f"Test cases  {collection.variables_count} in {collection.name!r}")

        # An experiment answers every case and has every answer judged by every criterion.
        experiment = await client.run_experiment(
            name=f"{NAME} {datetime.datetime.now().isoformat(' ', 'milliseconds')}",
            prompt_template=template,
            collection=collection,
            criterion_set=criterion_set,
        )
        print(f"Experiment  {experiment.name!r}")

        for number, response in enumerate(experiment.responses(), 1):
            print_response(number, response)

        if experiment.results is None:
            print("\nNothing could be rated.")
            return
        verdicts = [rating for response in experiment.responses() for rating in response.ratings]
        passed = sum(verdict.rating == RatingValue.YES for verdict in verdicts)
        rate = experiment.results.mean_all_ratings.yes
        print(f"\nPass rate: {rate:.0%} ({passed} of {len(verdicts)} verdicts are YES)")
        if all(answered_offline(response) for response in experiment.responses()):
            print(
                "\nThe built-in offline model answered and judged: it shows how things work and measures nothing.\n"
                "Set ELLUMINATE_LLM_BASE_URL, ELLUMINATE_LLM_MODEL and ELLUMINATE_LLM_API_KEY to ask a real one."
            )


def print_response(number: int, response: PromptResponse) -> None:
    """One answer: what went in, what came out, and each verdict with its reason."""
    inputs = ", ".join(f"{name} = {value}" for name, value in response.template_variables.items())
    print(f"\n{number}. Input:  {inputs}")
    if response.error:
        print(f"   Failed: {response.error}")
    print(f"   Output: {wrapped(response.response_text, 11)}")
    for rating in response.ratings:
        print(f"   {rating.rating.value:<4}  {wrapped(rating.criterion.criterion_str, 9)}")
        if rating.reasoning:
            print(f"         {wrapped(rating.reasoning, 9)}")


def wrapped(text: str, indent: int) -> str:
    """Text for the terminal, its further lines indented."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, 104 - indent) or [""]]
    return f"\n{' ' * indent}".join(lines)


def answered_offline(response: PromptResponse) -> bool:
    """Whether no real model was asked."""
    made = response.generation_metadata
    model = made.llm_model_config if made else None
    return model is not None and model.llm_model_name == "offline"


if __name__ == "__main__":
    asyncio.run(main())
