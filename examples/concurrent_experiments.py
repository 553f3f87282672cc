"""Several experiments at the same time on one client, a bounded number of them under way.

ELLUMINATE_BASE_URL=local: python examples/concurrent_experiments.py
"""

from __future__ import annotations

import asyncio
import datetime
import time

from elluminate import AsyncClient
from elluminate.schemas import Experiment

STYLES = [
    "in one sentence",
    "as a list of five facts",
    "for a curious child of six",
    "with an example from daily life",
    "as a haiku",
    "like a very old pirate",
]
AT_A_TIME = 3


async def main() -> None:
    started = datetime.datetime.now().isoformat(" ", "milliseconds")
    async with AsyncClient() as client:
        collection, _ = await client.get_or_create_collection("Drinks")
        await collection.aadd_many(
            [{"drink": "coffee"}, {"drink": "tea"}, {"drink": "milk"}], skip_existing=True
        )
        criterion_set, _ = await client.get_or_create_criterion_set(
            "Drinks",
            defaults={"criteria": ["Does the answer mention {{drink}}?", "Is it at most 12 words long?"]},
        )
        free = asyncio.Semaphore(AT_A_TIME)

        async def run(style: str) -> Experiment:
            async with free:
                template, _ = await client.get_or_create_prompt_template(
                    f"Drink {style}", template=f"Describe {{{{drink}}}} {style}."
                )
                return await client.run_experiment(
                    f"Drink {style}, {started}", template, collection, criterion_set=criterion_set
                )

        clock = time.perf_counter()
        experiments = await asyncio.gather(*(run(style) for style in STYLES))
        took = time.perf_counter() - clock

    # Results stay readable after the client is closed.
    for style, experiment in zip(STYLES, experiments, strict=True):
        rate = f"{experiment.results.mean_all_ratings.yes:.0%}" if experiment.results else "no ratings"
        print(f"{style:<32} {rate:>5} YES over {len(experiment.rated_responses)} answers")
    print(f"{len(experiments)} experiments, {AT_A_TIME} at a time, in {took:.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
