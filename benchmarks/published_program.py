"""One measured thing, done with whichever client the interpreter has; prints seconds and peak memory as JSON.

Run by `benchmarks.published`, with the published client and with ours, against one server.
"""

import asyncio
import json
import sys
import time

CALLS = 1_000
ROWS = 10_000


def peak_mb() -> float:
    """Largest resident size of this process so far, in MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def importing(_: str) -> float:
    started = time.perf_counter()
    import elluminate  # noqa: F401

    return time.perf_counter() - started


def reading(name: str) -> float:
    from elluminate import Client

    client = Client()
    started = time.perf_counter()
    experiment = client.get_experiment(name=name)
    took = time.perf_counter() - started
    assert len(experiment.rated_responses) == ROWS
    return took


def uploading(name: str) -> float:
    from elluminate import Client

    collection = Client().create_collection(name=name)
    rows = [{"concept": f"concept {number}", "reader": "a child"} for number in range(ROWS)]
    started = time.perf_counter()
    collection.add_many(variables=rows)
    took = time.perf_counter() - started
    assert len(collection.variables) == ROWS
    return took


def calling(name: str) -> float:
    from elluminate import AsyncClient

    async def all_at_once() -> float:
        async with AsyncClient() as client:
            found = await client.get_criterion_set(name=name)
            started = time.perf_counter()
            await asyncio.gather(*(client.get_criterion_set(id=found.id) for _ in range(CALLS)))
            return time.perf_counter() - started

    return asyncio.run(all_at_once())


if __name__ == "__main__":
    thing, argument = sys.argv[1:]
    seconds = {"importing": importing, "reading": reading, "uploading": uploading, "calling": calling}[thing](
        argument
    )
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))
