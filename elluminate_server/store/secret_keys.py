"""The server's secret keys, with which secrets are sealed: from a setting, or from a file beside the database.

A key is a text, from which the bits are derived. The first one is for what is new; further ones still open what was
sealed before. What a database is sealed with is told by the database itself (`sealing.py`).
"""

import hashlib
import logging
import os
import re
import secrets
import stat
from pathlib import Path

import attrs
from sqlalchemy.engine import make_url

from elluminate_server.domain.secret_key_texts import secret_key_texts
from elluminate_server.settings import MEMORY, data_folder

__all__ = ["VARIABLE", "SecretKey", "SecretKeyError", "SecretKeys", "key_file"]

VARIABLE = "ELLUMINATE_SECRET_KEY"

_logger = logging.getLogger("elluminate_server.store")

_HEAD = (
    "# The secret keys of an elluminate database: without them, the keys of model providers in it cannot be read, and\n"
    "# its API keys open nothing. Keep this file, and not beside copies of the database.\n"
)


class SecretKeyError(RuntimeError):
    """What is sealed in the database cannot be opened here; the message says why and what to do.

    Attributes:
        told: What users of the API are told.
    """

    def __init__(self, message: str, *, told: str | None = None) -> None:
        super().__init__(message)
        self.told = told or (
            "The server does not have the secret key that its database is sealed with. Whoever runs it has to start it "
            "again, with that key."
        )


@attrs.frozen
class SecretKey:
    """One key.

    Attributes:
        text: What is kept and given.
    """

    text: str = attrs.field(repr=False)

    @property
    def id(self) -> str:
        """What names it in databases and messages, and tells nothing of it."""
        return hashlib.sha256(b"elluminate secret key, its id\0" + self.text.encode()).hexdigest()[:12]

    @property
    def bits(self) -> bytes:
        """256 bits for the cipher."""
        return hashlib.sha256(b"elluminate secret key, for AES-GCM\0" + self.text.encode()).digest()


def key_file(database_url: str) -> Path | None:
    """Where keys are kept that no setting gives: beside an SQLite file, else in the user's data folder.

    Args:
        database_url: A URL of `settings.normalise_database_url`, or `:memory:`, whose keys are kept nowhere.
    """
    if database_url == MEMORY:
        return None
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        place = f"{url.host or 'localhost'}-{url.port or 5432}-{url.database}"
        return data_folder() / f"{re.sub('[^A-Za-z0-9_.-]', '_', place)}.secret-key"
    if not url.database:
        return None
    path = Path(url.database).expanduser().absolute()
    return path.with_name(f"{path.name}.secret-key")


class SecretKeys:
    """The keys that one server has.

    Args:
        given: Those of the setting, which come before those of the file.
        file: Where others are kept; None for a database in memory, whose keys are gone with it.
    """

    def __init__(self, given: str | None, file: Path | None) -> None:
        self._given = [SecretKey(text) for text in secret_key_texts(given or "")]
        self.file = file
        self._kept: list[SecretKey] = []
        self._kept = self._read()

    def __repr__(self) -> str:
        return f"SecretKeys(ids={[key.id for key in self._all]}, file={self.file})"

    @property
    def is_given(self) -> bool:
        """Whether a setting says which key new secrets are sealed with."""
        return bool(self._given)

    @property
    def has_file(self) -> bool:
        """Whether there is a file with keys."""
        return self.file is not None and self.file.exists()

    def find(self, key_id: str) -> SecretKey:
        """A key by its id; the file is read again when it is not known yet.

        Raises:
            SecretKeyError: There is no such key.
        """
        for attempt in (1, 2):
            for key in self._all:
                if key.id == key_id:
                    return key
            if attempt == 1:
                # One that is not in the file any more still opens what was read before it was replaced.
                found = self._read()
                self._kept = [*found, *(key for key in self._kept if key not in found)]
        raise SecretKeyError(
            f"The database holds secrets that are sealed with the secret key {key_id}, which is not here: "
            f"{self._looked()}. Set {VARIABLE} to it, or put its file back. If it is lost, stop the servers that use "
            "this database and run `elluminate keys rotate-secret --forget`: the keys of model providers have to be "
            "entered again then, and new API keys to be made; everything else stays."
        )

    def first(self) -> SecretKey:
        """The key for what is new in a database that has no secrets yet; it is made where there is none.

        Raises:
            SecretKeyError: Its file cannot be written.
        """
        if not self._all:
            self._kept = self._read()
        return self._all[0] if self._all else self.make()

    def make(self) -> SecretKey:
        """A new key, which is kept beside those that are there.

        Raises:
            SecretKeyError: Its file cannot be written.
        """
        key = SecretKey(secrets.token_urlsafe(32))
        self._keep([*self._read(), key])
        return key

    def keep_only(self, key: SecretKey) -> None:
        """Forget the file's other keys: nothing is sealed with them any more.

        Raises:
            SecretKeyError: The file cannot be written.
        """
        if key in self._read():
            self._keep([key])

    @property
    def _all(self) -> list[SecretKey]:
        return [*self._given, *self._kept]

    def _looked(self) -> str:
        given = f"{VARIABLE} is {'another one' if self._given else 'not set'}"
        if self.file is None:
            return given
        return f"{given}, and {f'{self.file} holds another one' if self._kept else f'there is no file {self.file}'}"

    def _read(self) -> list[SecretKey]:
        if self.file is None:
            return self._kept
        try:
            text = self.file.read_text(encoding="utf-8")
            self._make_private(self.file)
            lines = [line.strip() for line in text.splitlines()]
            return [
                key
                for line in lines
                if line and not line.startswith("#")
                for key in map(SecretKey, secret_key_texts(line))
            ]
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it holds something that is no key"
            raise SecretKeyError(
                f"The secret key in {self.file} cannot be read: {reason}. Put the file back as it was, or make it "
                f"readable for this user, or set {VARIABLE}."
            ) from None

    def _make_private(self, file: Path) -> None:
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            file.chmod(0o600)
            _logger.warning("%s was open to other users of this machine; it is its owner's alone now.", file)

    def _keep(self, keys: list[SecretKey]) -> None:
        """Have the file hold these keys: after a crash it holds them, or those of before."""
        if self.file is not None:
            try:
                _write_at_once(self.file, _HEAD + "".join(f"{key.text}\n" for key in keys))
            except OSError as error:
                raise SecretKeyError(
                    f"The secret key cannot be kept in {self.file}: {error.strerror}. Make the folder writable, or set "
                    f"{VARIABLE}."
                ) from error
        self._kept = keys


def _write_at_once(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        handle = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
