"""Watch an experiment while it runs: a progress bar, its epochs, and the log.

    ELLUMINATE_BASE_URL=local: python examples/streaming_progress.py

The same works without asyncio: `for event in Client().stream_experiment(...)`.
"""

from __future__ import annotations

import asyncio
import datetime
import sys

from elluminate import AsyncClient, ExperimentProgress
from elluminate.streaming import TaskStatus

EPOCHS = 3
WIDTH = 30


async def main() -> int:
    async with AsyncClient() as client:
        template, _ = await client.get_or_create_prompt_template(
            "Capitals", template="What is {{place}} known for?"
        )
        collection, _ = await client.get_or_create_collection("Places")
        places = ["Lisbon", "Nairobi", "Osaka", "Quito", "Tbilisi", "Wellington", "Yerevan", "Zagreb"]
        await collection.aadd_many([{"place": place} for place in places], skip_existing=True)

        async for event in client.stream_experiment(
            f"Capitals {datetime.datetime.now().isoformat(' ', 'milliseconds')}",
            template,
            collection,
            criteria=["Does the answer mention {{place}}?", "Is the answer concise?"],
            n_epochs=EPOCHS,
            polling_interval=0.1,
        ):
            if event.progress:
                print(progress_line(event.progress))
            if event.logs_delta:  # the lines since the event before, each once
                lines = event.logs_delta.splitlines()
                print(f"    {len(lines)} log lines, the last: {lines[-1]}")
            if event.status == TaskStatus.PENDING:
                print("queued")
            elif event.status == TaskStatus.SUCCESS and event.result:
                event.result.print_results_summary()
            elif event.is_failure:
                print(f"ended {event.status.value}: {event.error_msg}", file=sys.stderr)
                return 1
    return 0


def progress_line(progress: ExperimentProgress) -> str:
    """One look at the run, for example `[###...] 25 %  generated 8/24  rated 6/24  epochs 6/8 0/8 0/8`."""
    filled = int(WIDTH * progress.percent_complete / 100)
    bar = "#" * filled + "." * (WIDTH - filled)
    total = progress.total_responses
    epochs = " ".join(f"{epoch.responses_rated}/{epoch.total_responses}" for epoch in progress.epochs)
    return (
        f"[{bar}] {progress.percent_complete:3.0f} %  generated {progress.responses_generated}/{total}  "
        f"rated {progress.responses_rated}/{total}  epochs {epochs}"
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
