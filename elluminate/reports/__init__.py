"""What a suite or an experiment came to, as a file: HTML, Markdown, JUnit XML, JSON.

All of them are made of one `SuiteResult`, so that they never say different things.

    from elluminate.reports import write_report

    write_report(client.run_suite("suite.yaml"), "report.html")
"""

from elluminate.reports.html import html_report
from elluminate.reports.json import json_report
from elluminate.reports.junit import junit_report
from elluminate.reports.markdown import markdown_report
from elluminate.reports.writing import FORMATS, checked_report_path, report_in, result_of, write_report

__all__ = [
    "FORMATS",
    "checked_report_path",
    "html_report",
    "json_report",
    "junit_report",
    "markdown_report",
    "report_in",
    "result_of",
    "write_report",
]
