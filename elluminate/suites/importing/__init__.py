"""Suites of what other tools have: promptfoo's configurations, OpenAI Evals, exports of Langfuse.

What can be said here is converted. What cannot is named in a note, and is never left out in silence.

    from elluminate.suites.importing import import_suites

    imported = import_suites("promptfooconfig.yaml")
    print(imported.converted, "of", imported.graders)
"""

from elluminate.suites.importing.parts import Imported, ImportedSuite, Note
from elluminate.suites.importing.source import FORMATS, import_suites
from elluminate.suites.importing.writing import files_of

__all__ = ["FORMATS", "Imported", "ImportedSuite", "Note", "files_of", "import_suites"]
