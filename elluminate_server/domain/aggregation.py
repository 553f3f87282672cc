"""An experiment's results, computed from its responses and their ratings.

How things count:

- Means of ratings are micro-averages: every verdict weighs the same, whichever response or epoch it belongs
  to.
- A pair of response and criterion without a verdict (the judge failed, or has not come to it yet) is in no
  denominator. It is neither a YES nor a NO.
- A failed response counts in `num_failed_responses` and nowhere else: it has no verdicts, and its duration
  and tokens are left out of means, lists and costs.
- An unknown number (a provider that reports no usage) is left out of its list and its mean.
- A price that is not known is in no sum: `answer_costs` and `judge_costs` tell of how many there is one. What an agent
  says that it cost is the price of its answer.
- `std_all_ratings` is always 0, as on the existing platform: one number per experiment has no spread.
- Every verdict that was to be given is in `verdicts` once: given, pending, or missing for a reason (see `verdicts`).
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from elluminate_server.domain.flaws import Flaw
from elluminate_server.domain.verdicts import COMPLETE, Lack, count_verdicts

__all__ = ["ResponseFacts", "Spent", "aggregate"]

_TOKENS_PER_PRICE = 1_000_000


class Spent(NamedTuple):
    """What a call took: tokens and US dollars; None where unknown."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class ResponseFacts(NamedTuple):
    """What the results need to know of one finished response.

    Attributes:
        ratings: (criterion id, verdict) pairs.
        failed: Whether its generation failed.
        duration_seconds: Time to generate, in seconds; None when unknown.
        input_tokens: Tokens of the prompt, cached ones included; None when unknown.
        output_tokens: Tokens of the answer, reasoning included; None when unknown.
        reasoning_tokens: Tokens of reasoning; None when unknown.
        epoch: 1 for the first run over the rows.
        input_price_per_mtok: US dollars that a million input tokens came to; None when unknown.
        output_price_per_mtok: The same of output tokens.
        flaw: What is wrong with the answer.
        cached: Whether no model was asked, so that nothing was paid.
        reported_cost_usd: What an agent says that it cost, in US dollars.
        lack: The verdicts that it should have and does not have.
        judging: What its verdicts took.
    """

    ratings: Sequence[tuple[int, Literal["YES", "NO"]]] = ()
    failed: bool = False
    duration_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    epoch: int = 1
    input_price_per_mtok: float | None = None
    output_price_per_mtok: float | None = None
    flaw: Flaw | None = None
    cached: bool | None = None
    reported_cost_usd: float | None = None
    lack: Lack = COMPLETE
    judging: Sequence["Spent"] = ()


def aggregate(
    responses: Iterable[ResponseFacts],
    *,
    rows: int | None = None,
    experiment_duration_seconds: float | None = None,
    unanswered: Iterable[Lack] = (),
    criteria: Iterable[int] = (),
) -> dict[str, Any] | None:
    """The contract's `ExperimentResults` of the responses that are there so far.

    Args:
        responses: Finished responses, failed ones included.
        rows: Rows per epoch. An epoch is complete when it has a finished response for each. None takes the
            fullest epoch as the measure.
        experiment_duration_seconds: Time the whole run took, in seconds; None when it is not over.
        unanswered: What answers lack that were to be made and were not, or not yet.
        criteria: The criteria in the order of their set.

    Returns:
        The results, ready for JSON, or None when no response is there at all.
    """
    finished = list(responses)
    if not finished:
        return None
    answered = [response for response in finished if not response.failed]
    verdicts: Counter[str] = Counter()
    by_criterion: defaultdict[int, Counter[str]] = defaultdict(Counter)
    counted = Counter(itertools.chain.from_iterable(response.ratings for response in answered))
    for (criterion_id, verdict), count in counted.items():
        verdicts[verdict] += count
        by_criterion[criterion_id][verdict] += count

    lacks = [response.lack for response in finished if response.lack is not COMPLETE]
    all_verdicts, verdicts_by_criterion = count_verdicts(
        {criterion_id: counts.total() for criterion_id, counts in by_criterion.items()},
        itertools.chain(lacks, unanswered),
        criteria,
    )
    flaws = Counter(response.flaw for response in answered)
    durations = [r.duration_seconds for r in answered if r.duration_seconds is not None]
    inputs = [r.input_tokens for r in answered if r.input_tokens is not None]
    outputs = [r.output_tokens for r in answered if r.output_tokens is not None]
    reasoning = [r.reasoning_tokens for r in answered if r.reasoning_tokens is not None]
    spent = [_spent(response) for response in answered]
    reported = sum(r.reported_cost_usd for r in answered if r.reported_cost_usd is not None)
    paid = [r for r in answered if r.reported_cost_usd is None and not r.cached]
    input_cost = sum(_cost(r.input_tokens, r.input_price_per_mtok) or 0.0 for r in paid)
    output_cost = sum(_cost(r.output_tokens, r.output_price_per_mtok) or 0.0 for r in paid)
    return {
        "mean_all_ratings": _mean_rating(verdicts),
        "std_all_ratings": 0.0,
        "mean_rating_by_criterion_id": {
            str(criterion_id): _mean_rating(by_criterion[criterion_id])
            for criterion_id in sorted(by_criterion)
        },
        "mean_duration_seconds": _mean(durations),
        "mean_input_tokens": _mean(inputs),
        "mean_output_tokens": _mean(outputs),
        "mean_reasoning_tokens": _mean(reasoning),
        "input_tokens_per_response": inputs,
        "output_tokens_per_response": outputs,
        "reasoning_tokens_per_response": reasoning,
        "duration_seconds_per_response": durations,
        "num_rated_responses": sum(1 for response in answered if response.ratings),
        "num_failed_responses": len(finished) - len(answered),
        "completed_epochs": _completed_epochs(finished, rows),
        "experiment_duration_seconds": experiment_duration_seconds,
        "estimated_input_cost_usd": input_cost,
        "estimated_output_cost_usd": output_cost,
        "estimated_total_cost_usd": input_cost + output_cost + reported,
        "answer_costs": _costs(spent),
        "judge_costs": _costs(list(itertools.chain.from_iterable(r.judging for r in answered))),
        "verdicts": all_verdicts,
        "verdicts_by_criterion_id": {
            str(criterion_id): counts for criterion_id, counts in verdicts_by_criterion.items()
        },
        "num_truncated_responses": flaws["truncated"],
        "num_refused_responses": flaws["refused"],
        "num_empty_responses": flaws["empty"],
        "num_cached_responses": sum(1 for response in answered if response.cached),
    }


def _mean_rating(verdicts: Counter[str]) -> dict[str, float]:
    total = verdicts.total()
    if not total:
        return {"yes": 0.0, "no": 0.0}
    return {"yes": verdicts["YES"] / total, "no": verdicts["NO"] / total}


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _cost(tokens: int | None, price_per_mtok: float | None) -> float | None:
    return None if tokens is None or price_per_mtok is None else tokens * price_per_mtok / _TOKENS_PER_PRICE


def _spent(response: ResponseFacts) -> Spent:
    cost = 0.0 if response.cached else response.reported_cost_usd
    if cost is None:
        asking = _cost(response.input_tokens, response.input_price_per_mtok)
        answering = _cost(response.output_tokens, response.output_price_per_mtok)
        cost = None if asking is None or answering is None else asking + answering
    return Spent(response.input_tokens, response.output_tokens, cost)


def _costs(spent: Sequence[Spent]) -> dict[str, Any]:
    """The contract's `ModelCosts`."""
    priced = [call.cost_usd for call in spent if call.cost_usd is not None]
    return {
        "count": len(spent),
        "priced_count": len(priced),
        "input_tokens": _sum([call.input_tokens for call in spent if call.input_tokens is not None]),
        "output_tokens": _sum([call.output_tokens for call in spent if call.output_tokens is not None]),
        "cost_usd": None if spent and not priced else sum(priced, 0.0),
    }


def _sum(numbers: Sequence[int]) -> int | None:
    return sum(numbers) if numbers else None


def _completed_epochs(finished: Sequence[ResponseFacts], rows: int | None) -> int:
    sizes = Counter(response.epoch for response in finished)
    needed = max(sizes.values()) if rows is None else rows
    return sum(1 for size in sizes.values() if size >= needed)
