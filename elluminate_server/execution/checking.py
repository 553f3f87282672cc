"""The criteria of a response that a rule decides: at once, in this process, without a model."""

import asyncio
from collections.abc import Mapping, Sequence

import attrs

from elluminate_server.domain.checks.facts import AnswerFacts, Judgement, answer_text
from elluminate_server.domain.checks.judging import judged_by_rule
from elluminate_server.domain.checks.rules import is_for_program
from elluminate_server.execution.plans import CriterionPlan
from elluminate_server.execution.rating import Judged, Rated
from elluminate_server.llm.types import Verdict

__all__ = ["Ruled", "judge_by_rule"]

_LONG = 20_000
"""Characters of an answer from which on its rules are followed beside the event loop."""
_SLOW = ("json_schema", "regex")
"""What may take a second where somebody is after that: it is followed beside the event loop, too."""
_MOST_REASON = 2000


@attrs.frozen
class Ruled:
    """What rules say of a response.

    Attributes:
        given: Their verdicts.
        problems: Why a rule could not tell, of those that could not.
        left: The criteria that no rule decides. What the caller's program decides is not among them.
    """

    given: Sequence[Rated]
    problems: Mapping[CriterionPlan, str]
    left: Sequence[CriterionPlan]


async def judge_by_rule(judged: Judged, criteria: Sequence[CriterionPlan]) -> Ruled:
    """Follow the rules among these criteria; nothing is stored."""
    rules = [each for each in criteria if each.rule is not None and not is_for_program(each.rule)]
    left = [each for each in criteria if each.rule is None]
    if not rules:
        return Ruled((), {}, left)
    answer = AnswerFacts(text=answer_text(judged.messages), seconds=judged.seconds, cost_usd=judged.cost_usd)
    is_long = answer.text is not None and len(answer.text) > _LONG
    if is_long or any((each.rule or {}).get("type") in _SLOW for each in rules):
        found = await asyncio.to_thread(_follow, judged, rules, answer)
    else:
        found = _follow(judged, rules, answer)
    return Ruled(
        given=[
            Rated(
                criterion=criterion,
                verdict=Verdict(
                    rating="YES" if judgement.is_met else "NO", reasoning=judgement.reason[:_MOST_REASON]
                ),
                metadata=None,
                origin="check",
            )
            for criterion, judgement in found.items()
            if judgement.is_met is not None
        ],
        problems={
            criterion: judgement.reason for criterion, judgement in found.items() if judgement.is_met is None
        },
        left=left,
    )


def _follow(
    judged: Judged, criteria: Sequence[CriterionPlan], answer: AnswerFacts
) -> Mapping[CriterionPlan, Judgement]:
    return {each: judged_by_rule(each.rule or {}, answer, judged.values) for each in criteria}
