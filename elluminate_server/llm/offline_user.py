"""The rule by which the offline model plays a user: it asks for the words of its goal until they were said."""

from elluminate_server.domain.messages import text_of
from elluminate_server.llm.types import UserCase
from elluminate_server.llm.words import content_words, normal_form, word_forms

__all__ = ["next_turn"]


def next_turn(case: UserCase) -> tuple[str, bool]:
    """What the user says next, and whether the conversation is over with it.

    The first message names the persona and asks for the goal's content words; every further one asks for those
    that no answer has held so far; when none is left, the user thanks and ends.
    """
    answers = "\n".join(text_of(said) for said in case.transcript if said.get("role") == "assistant")
    if not case.transcript:
        return f"I am {case.name}. {_request(content_words(case.goal))}", False
    said = word_forms(answers)
    missing = [word for word in content_words(case.goal) if normal_form(word) not in said]
    if missing:
        return _request(missing), False
    return "Thank you.", True


def _request(words: list[str]) -> str:
    # Every other word here counts as no content, so that the request's content is exactly these.
    if not words:
        return "Please tell me more."
    first, last = words[:-1], words[-1]
    return (
        f"Please tell me about {', '.join(first)} and {last}." if first else f"Please tell me about {last}."
    )
