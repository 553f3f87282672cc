"""Reads an experiment's responses in a process of its own, and prints as JSON what that took."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from elluminate import AsyncClient, Client


def peak_mb() -> float:
    """Largest resident size of this program so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # `getrusage` would count the process that started this one, too
        lines = status.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def iterated(name: str) -> tuple[int, int]:
    """How many responses and ratings there are, none of them kept."""
    responses = ratings = 0
    with Client() as client:
        experiment = client.get_experiment(name=name, fetch_responses=False)
        for response in experiment.iter_responses():
            responses += 1
            ratings += len(response.ratings)
    return responses, ratings


def iterated_async(name: str) -> tuple[int, int]:
    """The same with an AsyncClient."""

    async def main() -> tuple[int, int]:
        responses = ratings = 0
        async with AsyncClient() as client:
            experiment = await client.get_experiment(name=name, fetch_responses=False)
            async for response in experiment.aiter_responses():
                responses += 1
                ratings += len(response.ratings)
        return responses, ratings

    return asyncio.run(main())


def held(name: str) -> tuple[int, int]:
    """How many responses and ratings there are, all of them held at once."""
    with Client() as client:
        read = client.get_experiment(name=name).rated_responses
        return len(read), sum(len(response.ratings) for response in read)


WAYS: dict[str, Callable[[str], tuple[int, int]]] = {
    way.__name__: way for way in (iterated, iterated_async, held)
}

if __name__ == "__main__":
    way, experiment = sys.argv[1:]
    started = time.perf_counter()
    responses, ratings = WAYS[way](experiment)
    taken = {"seconds": time.perf_counter() - started, "peak_mb": peak_mb()}
    print(json.dumps({"responses": responses, "ratings": ratings, **taken}))
