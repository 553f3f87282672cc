"""Compare two prompts on the same test cases, case by case.

    ELLUMINATE_BASE_URL=local: python examples/ab_test.py

Overall rates of two prompts differ by chance alone, and more so the fewer cases there are. Comparing each case with
itself says more: where did B win, where did it lose?
"""

from __future__ import annotations

import asyncio
import datetime
from collections import defaultdict

from elluminate import AsyncClient
from elluminate.schemas import Experiment, RatingValue

PROMPTS = {
    "A": "Explain {{topic}} briefly.",
    "B": "Explain the cause of {{topic}} briefly.",
}
TOPICS = ["inflation", "photosynthesis", "tides", "vaccination", "erosion"]
CRITERIA = ["Is the answer brief?", "Does the answer mention {{topic}}?", 'Does the answer say "cause"?']
EPOCHS = 2


async def main() -> None:
    started = datetime.datetime.now().isoformat(" ", "milliseconds")
    async with AsyncClient() as client:
        collection, _ = await client.get_or_create_collection("Topics")
        await collection.aadd_many([{"topic": topic} for topic in TOPICS], skip_existing=True)
        criterion_set, _ = await client.get_or_create_criterion_set(
            "A/B questions", defaults={"criteria": [*CRITERIA]}
        )

        async def run(label: str) -> Experiment:
            template, _ = await client.get_or_create_prompt_template(
                f"Style {label}", template=PROMPTS[label]
            )
            return await client.run_experiment(
                f"A/B {label} {started}", template, collection, criterion_set=criterion_set, n_epochs=EPOCHS
            )

        a, b = await asyncio.gather(run("A"), run("B"))

    for label, experiment in (("A", a), ("B", b)):
        rate = f"{experiment.results.mean_all_ratings.yes:.0%}" if experiment.results else "no ratings"
        print(f"{label}: {rate:>4} YES over {len(experiment.rated_responses)} answers   {PROMPTS[label]}")
    rates_a, rates_b = rate_per_topic(a), rate_per_topic(b)
    print()
    for topic in TOPICS:
        print(f"  {topic:<15} A {rates_a[topic]:4.0%}   B {rates_b[topic]:4.0%}")
    better = sum(rates_b[topic] > rates_a[topic] for topic in TOPICS)
    worse = sum(rates_b[topic] < rates_a[topic] for topic in TOPICS)
    print(
        f"\nB is better on {better}, worse on {worse}, equal on {len(TOPICS) - better - worse} of {len(TOPICS)} topics"
    )


def rate_per_topic(experiment: Experiment) -> dict[str, float]:
    """Share of YES per test case, over its epochs and criteria."""
    verdicts: defaultdict[str, list[bool]] = defaultdict(list)
    for response in experiment.responses():
        verdicts[response.template_variables["topic"]] += [
            rating.rating == RatingValue.YES for rating in response.ratings
        ]
    return {topic: sum(passed) / len(passed) if passed else 0.0 for topic, passed in verdicts.items()}


if __name__ == "__main__":
    asyncio.run(main())
