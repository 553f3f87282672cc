"""JUnit XML: one test case for each threshold, which every CI shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from elluminate.gates import Finding
from elluminate.suites.result import SuiteResult, SuiteRun

__all__ = ["junit_report"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit_report(result: SuiteResult) -> str:
    """The result as JUnit XML: `<failure>` for what failed, `<error>` for what could not be measured.

    Args:
        result: What a suite came to.

    Example:
        >>> from elluminate.reports import junit_report
        >>> "<testsuites" in junit_report(client.run_suite("suite.yaml"))
        True
    """
    root = ElementTree.Element("testsuites", name=_text(result.suite))
    for run in result.runs:
        root.append(_suite(result.suite, run))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(name: str, run: SuiteRun) -> ElementTree.Element:
    findings = run.gate.findings
    suite = ElementTree.Element("testsuite", name=_text(f"{name}, {run.model}"), tests=str(len(findings)))
    suite.set("failures", str(sum(finding.outcome == "failed" for finding in findings)))
    suite.set("errors", str(sum(finding.outcome == "not measured" for finding in findings)))
    if run.experiment is not None:
        properties = ElementTree.SubElement(suite, "properties")
        ElementTree.SubElement(properties, "property", name="experiment", value=_text(run.experiment.name))
    for finding in findings:
        suite.append(_case(f"{name}.{run.model}", finding))
    return suite


def _case(group: str, finding: Finding) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_text(group), name=_text(finding.name))
    if finding.outcome == "passed":
        ElementTree.SubElement(case, "system-out").text = _text(finding.told)
    else:
        kind = "failure" if finding.outcome == "failed" else "error"
        problem = ElementTree.SubElement(case, kind, message=_text(finding.told), type=finding.outcome)
        problem.text = _text(finding.reason or finding.told)
    return case


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
