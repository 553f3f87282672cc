from ..types import OpenEnum


class ApiKeyRole(OpenEnum):
    """reader: whatever changes nothing. editor: that, and everything but what takes an admin. admin: everything, also making and revoking keys, making projects and reading the audit log."""

    ADMIN = "admin"
    EDITOR = "editor"
    READER = "reader"
