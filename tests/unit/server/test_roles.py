"""The roles of keys, which the contract names, and the operations that take each."""

from elluminate_api.models import ApiKeyRole

from elluminate.cli.server_commands import _ROLES
from elluminate_server.domain.roles import ROLES, allows
from elluminate_server.http.contract import operations


def test_roles_are_the_contract_s() -> None:
    assert ROLES == _ROLES
    assert set(ROLES) == set(ApiKeyRole)
    assert {operation.role for operation in operations().values()} == set(ROLES)


def test_each_role_may_do_what_those_before_it_may() -> None:
    table = {role: [needed for needed in ROLES if allows(role, needed)] for role in ROLES}
    assert table == {
        "reader": ["reader"],
        "editor": ["reader", "editor"],
        "admin": ["reader", "editor", "admin"],
    }


def test_no_key_makes_one_of_a_higher_role() -> None:
    assert operations()["create_api_key"].role == ROLES[-1]
