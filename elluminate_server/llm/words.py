"""Words as the offline model counts them: which ones carry content, and when two are the same."""

import re
from collections.abc import Iterable, Set

__all__ = ["content_words", "coverage", "normal_form", "word_forms"]

_WORD = re.compile(r"\w+")

_FUNCTION_WORDS = """
a about after all also an and any are as at be because been being but by can could did do does done each else
every for from had has have he her here him his how i if in into is it its just let me more most much must my
no nor not of on one only or other our out over own per she should so some such than that the their them then
there these they this those through to too under up us very was we were what when where whether which while
who why will with within without would yes you your
aber als am an auch auf aus bei bin bis da damit das dass dein dem den der des die dies diese dieser doch du
durch ein eine einem einen einer eines er es für hat haben ich ihr im in ist ja kann kein keine man mit nach
nein nicht noch nur ob oder sein seine sich sie sind so soll um und uns von vor war was wenn wer wie wir wird
wo zu zum zur über
"""

_EVALUATION_WORDS = """
address answer ask assistant avoid contain cover deal describe discuss explain explanation feature free give
given include kindly make mention message model name never output part please prompt provide providing
question refer reply request respond response say show state take tell text use used user using write
antwort antworten bitte enthält erklärt erkläre erklären frage gib nenne nennt schreibe text
"""


def normal_form(word: str) -> str:
    """The form in which two words are compared: no case, and no plural s.

    >>> normal_form("Closures") == normal_form("closure")
    True
    """
    form = word.casefold()
    return form[:-1] if len(form) > 3 and form.endswith("s") and not form.endswith("ss") else form


_NO_CONTENT = frozenset(normal_form(word) for word in (_FUNCTION_WORDS + _EVALUATION_WORDS).split())


def content_words(text: str) -> list[str]:
    """Words that carry content, as written, each once, in their order.

    Left out are function words, and the words that every request and every criterion is made of ("explain",
    "response", "mention", ...).

    >>> content_words("Explain how closures work: closures in Scheme!")
    ['closures', 'work', 'Scheme']
    """
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        form = normal_form(word)
        if form not in _NO_CONTENT:
            found.setdefault(form, word)
    return list(found.values())


def word_forms(text: str) -> Set[str]:
    """The normal forms of all words of a text."""
    return {normal_form(word) for word in _WORD.findall(text)}


def coverage(words: Iterable[str], text: str) -> float:
    """Share of the words that the text holds, 0 to 1; 0 when there are none to look for.

    >>> coverage(["closures", "macros"], "A closure is a function.")
    0.5
    """
    wanted = {normal_form(word) for word in words}
    return len(wanted & word_forms(text)) / len(wanted) if wanted else 0.0
