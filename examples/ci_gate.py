"""Let a pipeline fail when a prompt gets worse: the pass rate decides the exit code.

    ELLUMINATE_BASE_URL=local: python examples/ci_gate.py --at-least 0.5

Exit codes: 0 the pass rate is high enough, 1 it is too low, 2 it could not be measured: something failed on the way, or
verdicts are missing, and the rate of the others is not the prompt's.
"""

from __future__ import annotations

import argparse
import datetime
import sys

from elluminate import Client, ElluminateError
from elluminate.schemas import Experiment, RatingValue

PROMPT = "A customer writes: {{message}} Write a polite answer, please, within 60 words."
MESSAGES = ["My parcel has not arrived.", "I was charged twice.", "How do I reset my password?"]
CRITERIA = [
    "Is the answer polite?",
    "Is the answer at most 60 words long?",
    "Does the answer address what the customer writes: {{message}}",
]


def main() -> int:
    parser = argparse.ArgumentParser(description="Fail when the pass rate is too low.")
    parser.add_argument(
        "--at-least", type=float, default=0.8, metavar="RATE", help="0 to 1 (default: %(default)s)"
    )
    wanted = parser.parse_args().at_least
    if not 0 <= wanted <= 1:
        parser.error(f"--at-least must be between 0 and 1, not {wanted}")
    try:
        experiment = run()
    except ElluminateError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 2
    verdicts = experiment.results.verdicts if experiment.results else None
    if experiment.results is None or verdicts is None or not verdicts.is_complete:
        print("not measured: verdicts are missing", file=sys.stderr)
        for why in verdicts.reasons if verdicts else []:
            print(f"  {why.count} {why.cause}: {why.reason}", file=sys.stderr)
        return 2
    if experiment.results.flaws:
        print(f"judged as they are, look at them: {experiment.results.flaws}", file=sys.stderr)
    rate = experiment.results.mean_all_ratings.yes
    for response in experiment.responses():
        for rating in response.ratings:
            if rating.rating == RatingValue.NO:
                print(f"NO  {response.template_variables['message']}  {rating.criterion.criterion_str}")
    print(f"pass rate {rate:.0%}, wanted at least {wanted:.0%}: {'passed' if rate >= wanted else 'FAILED'}")
    return 0 if rate >= wanted else 1


def run() -> Experiment:
    """The evaluation, under a name of its own."""
    with Client() as client:
        template, _ = client.get_or_create_prompt_template("Support answer", template=PROMPT)
        collection, _ = client.get_or_create_collection("Support messages")
        collection.add_many([{"message": message} for message in MESSAGES], skip_existing=True)
        name = f"Gate {datetime.datetime.now().isoformat(' ', 'milliseconds')}"
        return client.run_experiment(name, template, collection, criteria=CRITERIA)


if __name__ == "__main__":
    sys.exit(main())
