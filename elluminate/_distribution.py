"""Which distribution the package came with. The published client's has another name, and the same files.

The import name is the published client's, so that its programs run unchanged. The distribution's is not: an upgrade of
the published client would put its files in the place of ours.
"""

from __future__ import annotations

import importlib.metadata

__all__ = ["DISTRIBUTION", "clash"]

DISTRIBUTION = "elluminate-open"

_PUBLISHED = "elluminate"


def clash() -> str | None:
    """What to do where the published client is installed into the same folder; None where it is not."""
    try:
        published = importlib.metadata.distribution(_PUBLISHED)
    except importlib.metadata.PackageNotFoundError:
        return None
    if "elluminate/__init__.py" not in map(str, published.files or ()):
        return None  # an editable install, say, which has no files there
    return (
        f"{_PUBLISHED} {published.version}, the published client, is installed beside {DISTRIBUTION}: they share the "
        "package elluminate, and the last one installed has replaced files of the other. Run "
        f"`pip uninstall {_PUBLISHED} {DISTRIBUTION}`, then install the one that you want."
    )
