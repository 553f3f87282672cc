"""What the documents show is what happens: the README's programs run, the tables match the project."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.serve_process import clean_environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
AGENTS = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
MULTI_TURN = (ROOT / "docs" / "multi-turn.md").read_text(encoding="utf-8")
SECONDS = 120


def printed_by(program: str, address: str = "local::memory:") -> str:
    """What a program prints whose data are at an address, also where the program names one in memory itself."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program.replace("local::memory:", address)],
        env=clean_environment(ELLUMINATE_BASE_URL=address, PYTHONUTF8="1"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning" not in done.stderr
    return done.stdout


def test_the_first_program_prints_what_the_readme_says() -> None:
    shown = re.search(r"^```text\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert without_what_differs(printed_by(PROGRAMS[0])) == without_what_differs(shown[1])


def without_what_differs(printed: str) -> str:
    """Without the time of a run, and how long its answers took."""
    return re.sub(r"\(\d{4}-\d\d-\d\d [\d:]+ [0-9a-f]{6}\)|\d+\.\d\d s$", "…", printed, flags=re.MULTILINE)


def test_the_programs_of_the_readme_run_any_number_of_times(tmp_path: Path) -> None:
    address = f"local:{(tmp_path / 'readme.db').as_posix()}"
    rounds = [[printed_by(program, address) for program in PROGRAMS] for _ in range(2)]
    assert [bool(printed) for printed in rounds[0]] == [True] * len(PROGRAMS)
    first, second = (without_what_differs(printed[0]) for printed in rounds)
    assert first == second


def test_the_program_of_the_page_on_agents_runs() -> None:
    program, *_ = re.findall(r"^```python\n(.*?)^```$", AGENTS, flags=re.MULTILINE | re.DOTALL)
    assert "Rated responses: 1" in printed_by(f"{program}client.close()\n")


def test_the_program_of_the_page_on_conversations_runs() -> None:
    program, *_ = re.findall(r"^```python\n(.*?)^```$", MULTI_TURN, flags=re.MULTILINE | re.DOTALL)
    printed = printed_by(f"{program}client.close()\n").splitlines()
    assert [line.split()[:2] for line in printed] == [
        [name, "persona_ended"] for name in ("Ada", "Kurt", "Ada", "Kurt")
    ]


def test_the_readme_names_every_target_of_the_makefile_that_it_should() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`", README))
    assert named <= targets
    assert {"install", "demo", "test", "check", "codegen", "serve", "bench"} <= named


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_dependency_has_its_reason_and_every_reason_its_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {"": project["dependencies"], **project["optional-dependencies"]}
    wanted = {
        (extra, re.match(r"[\w.-]+", requirement)[0].lower())  # type: ignore[index]
        for extra, requirements in required.items()
        for requirement in requirements
        if not requirement.startswith("elluminate-open[")
    }
    given = set()
    extra = None
    for line in (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = re.search(r"`\[([a-z-]+)\]`", line)
            extra = heading[1] if heading else "" if "elluminate" in line else None
        row = re.match(r"\| `([\w.-]+)(?:\[[\w,-]+\])?` \|", line)
        if row and extra is not None:
            given.add((extra, row[1].lower()))
    assert given == wanted


def test_no_version_with_a_known_hole_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    allowed = {
        found[1]: found[2] for each in required if (found := re.match(r"([\w-]+)\S*?>=([\d.]+)", each))
    }
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)", pins, flags=re.MULTILINE))
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = page.partition("## Known holes")[2].partition("\n## ")[0]
    holes = re.findall(r"^\| `([\w-]+)` \| ([\d.]+) \| .*CVE-", section, flags=re.MULTILINE)
    assert {name for name, _ in holes} >= {"h11", "python-multipart", "starlette"}
    for name, without in holes:
        assert numbers(allowed[name]) >= numbers(without), name
        assert numbers(pinned[name]) >= numbers(without), name


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
