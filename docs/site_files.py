"""Brings files from above `docs/` into the site: the contract and the changelog, each kept in one place only."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
FROM_ABOVE = {"openapi.yaml": "openapi.yaml", "changelog.md": "CHANGELOG.md"}
"""Where a file is in the site, and where it is in the repository."""


def on_files(files: Files, config: Any) -> Files:
    """Add the files to the site."""
    for place, name in FROM_ABOVE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links that lead to those files in the repository lead to them in the site."""
    for place, name in FROM_ABOVE.items():
        markdown = markdown.replace(f"](../{name})", f"]({place})").replace(
            f"](../../{name})", f"](../{place})"
        )
    return markdown
