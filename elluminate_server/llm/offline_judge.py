"""The offline judge's rules: counting words, not understanding them.

The first rule that fits the criterion decides, and the reasoning names it. "Coverage" is the share of some
words that the answer holds, ignoring case and a plural s; content words are what is left of a text without
function words and without the words that every request and criterion is made of
(`elluminate_server.llm.words`).

1. *empty*: an answer without a word and without a tool call is NO, whatever was asked.
2. *unfilled placeholder*: a criterion that still holds `{{ name }}` is NO: there is nothing to judge by.
3. *stated length*: "at most", "no more than", "under", "within", "fewer than", "less than", "at least",
   "more than", "over" or "exactly", a number, and words, sentences or characters: counted.
4. *quoted text*: YES when the answer holds everything the criterion has in double quotes or backticks.
5. *JSON*: "json" is YES when the whole answer is JSON.
6. *code*: "code" is YES when the answer has a fenced block or a line indented by four blanks.
7. *list*: "list" or "bullet" is YES when at least two lines start with a bullet or a number.
8. *short*: "short", "brief", "concise" or "succinct" is YES up to 60 words.
9. *long*: "long", "detailed", "thorough" or "comprehensive" is YES from 60 words.
10. *tone*: "friendly", "polite", "warm", "courteous" or "welcoming" is YES when the answer has a word like
    "please", "thank", "welcome", "glad" or "happy".
11. *clarity*: "clear", "easy", "understandable", "readable" or "simple" is YES when sentences have at most
    20 words on average.
12. *row values*: "accurate", "correct", "factual" or "true" is YES when the answer covers at least 70 % of
    the content words of the row's values (of the request, when the row has none).
13. *request*: "helpful", "useful", "relevant", "complete" or "good", or a criterion without content words, is
    YES when the answer covers at least 70 % of the request's content words.
14. *topic*: anything else is YES when the answer covers at least half of the criterion's content words.

For an agent, "the answer" is its answer and, after it, what it said, called and saw on the way.

Of a conversation, which holds user messages, the answer is all that the model said, and the request is the
first user message.

A criterion with "not", "no", "never", "avoid", "without" or "free" turns the verdict of rules 4 to 14 around.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elluminate_server.domain.messages import text_of
from elluminate_server.domain.rendering import PLACEHOLDER, find_placeholders
from elluminate_server.domain.trajectory_text import agent_text
from elluminate_server.llm.types import JudgeCase, Rating
from elluminate_server.llm.words import content_words, coverage, word_forms

__all__ = ["verdict"]

SHORT_WORDS = 60
"""Most words of a short answer, fewest of a long one."""
SENTENCE_WORDS = 20
"""Most words a sentence of a clear answer has on average."""
ROW_COVERAGE = 0.7
REQUEST_COVERAGE = 0.7
TOPIC_COVERAGE = 0.5

_NEGATIONS = frozenset({"not", "no", "never", "avoid", "without", "free"})
_COURTESIES = frozenset({"please", "thank", "welcome", "glad", "happy", "gern", "danke", "bitte"})
_QUOTED = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|„([^“\n]+)“|`([^`\n]+)`')
_STATED_LENGTH = re.compile(
    r"\b(at most|no more than|not more than|under|within|fewer than|less than"
    r"|at least|more than|over|exactly)"
    r"\s+(\d{1,9})\s+(word|sentence|character)s?\b",
    re.IGNORECASE,
)
_LIST_LINE = re.compile(r"^[ \t]*(?:[-*•]|\d{1,4}[.)])[ \t]+\S", re.MULTILINE)
_CODE = re.compile(r"```|^ {4}\S|^\t\S", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?。！？]+(?:\s|$)")


def verdict(case: JudgeCase) -> tuple[Rating, str]:
    """The verdict of the first rule that fits, and a sentence that names the rule and what it saw."""
    answer = _answer_text(case.response_messages)
    if case.trajectory is not None:
        answer = f"{answer}\n\n{agent_text(case.trajectory)}"
    if not answer.strip():
        return "NO", "Rule 'empty': the answer has no words."
    unfilled = find_placeholders(case.criterion)
    if unfilled:
        names = ", ".join("{{" + name + "}}" for name in unfilled)
        return (
            "NO",
            f"Rule 'unfilled placeholder': the row has no value for {names}: there is nothing to judge by.",
        )
    stated = _STATED_LENGTH.search(case.criterion)
    if stated:
        passed, reason = _stated_length(stated, answer)
        return _rating(passed), f"Rule 'stated length': {reason}."
    passed, rule, reason = _rule(case, answer)
    if _NEGATIONS & word_forms(case.criterion):
        return _rating(
            not passed
        ), f"Rule '{rule}', turned around because the criterion is negated: {reason}."
    return _rating(passed), f"Rule '{rule}': {reason}."


_Rule = Callable[[JudgeCase, str], tuple[bool, str]]


def _rule(case: JudgeCase, answer: str) -> tuple[bool, str, str]:
    quoted = ["".join(groups) for groups in _QUOTED.findall(case.criterion)]
    if quoted:
        absent = [text for text in quoted if text.casefold() not in answer.casefold()]
        return (
            not absent,
            "quoted text",
            f"the answer lacks {absent}" if absent else f"the answer holds {quoted}",
        )
    asked = word_forms(case.criterion)
    for words, name, rule in _RULES:
        if asked & words:
            passed, reason = rule(case, answer)
            return passed, name, reason
    topic = content_words(case.criterion)
    if not topic:
        passed, reason = _covers_request(case, answer)
        return passed, "request", reason
    return _covers(topic, answer, TOPIC_COVERAGE, "topic", "criterion")


def _covers(
    words: Sequence[str], answer: str, needed: float, rule: str, source: str
) -> tuple[bool, str, str]:
    share = coverage(words, answer)
    reason = f"the answer covers {share:.0%} of the {source}'s content words ({needed:.0%} needed)"
    return share >= needed, rule, reason


def _is_json(case: JudgeCase, answer: str) -> tuple[bool, str]:
    try:
        json.loads(answer)
    except ValueError as error:
        return False, f"the answer is not JSON ({error})"
    except RecursionError:
        return False, "the answer is JSON nested too deeply to read"
    return True, "the answer is JSON"


def _has_code(case: JudgeCase, answer: str) -> tuple[bool, str]:
    found = _CODE.search(answer) is not None
    return (
        found,
        "the answer has a code block" if found else "the answer has neither a fenced nor an indented block",
    )


def _is_list(case: JudgeCase, answer: str) -> tuple[bool, str]:
    lines = len(_LIST_LINE.findall(answer))
    return lines >= 2, f"{lines} lines of the answer start with a bullet or a number (2 needed)"


def _is_short(case: JudgeCase, answer: str) -> tuple[bool, str]:
    words = len(answer.split())
    return words <= SHORT_WORDS, f"the answer has {words} words (at most {SHORT_WORDS} are short)"


def _is_long(case: JudgeCase, answer: str) -> tuple[bool, str]:
    words = len(answer.split())
    return words >= SHORT_WORDS, f"the answer has {words} words (at least {SHORT_WORDS} are long)"


def _is_courteous(case: JudgeCase, answer: str) -> tuple[bool, str]:
    found = sorted(word_forms(answer) & _COURTESIES)
    return bool(found), f"the answer says {', '.join(found)}" if found else "the answer has no courteous word"


def _is_clear(case: JudgeCase, answer: str) -> tuple[bool, str]:
    sentences = _sentences(answer)
    average = len(answer.split()) / sentences
    return average <= SENTENCE_WORDS, (
        f"sentences of the answer have {average:.1f} words on average (at most {SENTENCE_WORDS} are clear)"
    )


def _covers_row(case: JudgeCase, answer: str) -> tuple[bool, str]:
    row = content_words("\n".join(value for value in case.row_values.values() if isinstance(value, str)))
    words, source = (row, "row") if row else (content_words(_request(_asked(case))), "request")
    passed, _, reason = _covers(words, answer, ROW_COVERAGE, "row values", source)
    return passed, reason


def _covers_request(case: JudgeCase, answer: str) -> tuple[bool, str]:
    words = content_words(_request(_asked(case)))
    passed, _, reason = _covers(words, answer, REQUEST_COVERAGE, "request", "request")
    return passed, reason


_RULES: tuple[tuple[frozenset[str], str, _Rule], ...] = (
    (frozenset({"json"}), "JSON", _is_json),
    (frozenset({"code"}), "code", _has_code),
    (frozenset({"list", "bullet"}), "list", _is_list),
    (frozenset({"short", "brief", "briefly", "concise", "succinct"}), "short", _is_short),
    (frozenset({"long", "detailed", "thorough", "comprehensive"}), "long", _is_long),
    (frozenset({"friendly", "polite", "warm", "courteous", "courteou", "welcoming"}), "tone", _is_courteous),
    (frozenset({"clear", "clearly", "easy", "understandable", "readable", "simple"}), "clarity", _is_clear),
    (frozenset({"accurate", "correct", "factual", "true"}), "row values", _covers_row),
    (frozenset({"helpful", "useful", "relevant", "complete", "good"}), "request", _covers_request),
)


def _stated_length(stated: re.Match[str], answer: str) -> tuple[bool, str]:
    bound, number, unit = stated.group(1).lower(), int(stated.group(2)), stated.group(3).lower()
    counts = {"word": len(answer.split()), "sentence": _sentences(answer), "character": len(answer)}
    count = counts[unit]
    passed = {
        "at most": count <= number,
        "no more than": count <= number,
        "not more than": count <= number,
        "within": count <= number,
        "under": count < number,
        "fewer than": count < number,
        "less than": count < number,
        "at least": count >= number,
        "more than": count > number,
        "over": count > number,
        "exactly": count == number,
    }[bound]
    return passed, f"the answer has {count} {unit}s ({bound} {number} asked)"


def _sentences(text: str) -> int:
    return max(1, sum(1 for piece in _SENTENCE_END.split(text) if piece.strip()))


def _asked(case: JudgeCase) -> Sequence[Mapping[str, Any]]:
    """What the model was asked: the prompt; in a conversation what the user began with."""
    begun = [message for message in case.response_messages if message.get("role") == "user"]
    return begun[:1] or case.prompt_messages


def _request(messages: Sequence[Mapping[str, Any]]) -> str:
    by_user = [text_of(message) for message in messages if message.get("role") == "user"]
    texts = by_user or [text_of(message) for message in messages]
    return PLACEHOLDER.sub(" ", next((text for text in reversed(texts) if text.strip()), ""))


def _answer_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """What the model said last, in a conversation all that it said, and the calls it made on the way."""
    is_conversation = any(message.get("role") == "user" for message in messages)
    said = ""
    calls: list[str] = []
    for message in messages:
        if message.get("role") != "assistant":
            continue
        text = text_of(message)
        said = "\n".join(filter(None, [said, text])) if is_conversation else text or said
        for call in message.get("tool_calls") or ():
            function = call.get("function") or call.get("custom") or {}
            calls.append(f"{function.get('name', '')} {function.get('arguments', function.get('input', ''))}")
    return "\n".join(filter(None, [said, *calls]))


def _rating(passed: bool) -> Rating:
    return "YES" if passed else "NO"
