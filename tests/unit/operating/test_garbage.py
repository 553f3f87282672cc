"""Looking for garbage seldom, which is a process's own choice."""

import json
import subprocess
import sys

_PROGRAM = """
import gc, json
from elluminate_server.operating.garbage import look_for_garbage_seldom
before = gc.get_threshold()
look_for_garbage_seldom()
print(json.dumps([before, gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()]))
"""


def test_what_is_loaded_is_left_alone_and_the_rest_is_looked_at_more_seldom() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    before, after, is_on, left_alone = json.loads(told.stdout)
    assert is_on
    assert left_alone > 1_000
    assert after[0] > before[0]
    assert after[1:] == before[1:]
