"""
Tags: keyed hashes of field values, handed out with a row and sent back to say what the caller saw (design §6).

    kid "." base64url(HMAC-SHA256(K, J1([uid, model, row id, field, value]))[:16])

A strict field's tag also covers the last event that wrote it; the tag of a `Related` covers ids and last events.
K is the deployment's and never in the database, so that nobody can try values against a tag.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ensue.core.canonical import Json, base64url, canonical_trusted, from_base64url
from ensue.errors import ConfigurationError, FormatError

KEY_BYTES = 32


class TagKeys:
    """The keys by their ids; the first makes new tags, the others only recognise old ones."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        for kid, key in keys.items():
            if not kid.isalnum() or len(key) < KEY_BYTES:
                raise ConfigurationError(
                    f"Tag key {kid!r}: expected a name of letters and digits and at least {KEY_BYTES} bytes, found {len(key)} bytes."
                )
        self._keys = dict(keys)

    @classmethod
    def parse(cls, text: str) -> TagKeys:
        """Keys written as `k2:base64url,k1:base64url`, the newest first. Raises ConfigurationError."""
        keys = {}
        for part in filter(None, (one.strip() for one in text.split(","))):
            kid, _, key = part.partition(":")
            try:
                keys[kid] = from_base64url(key)
            except FormatError as error:
                raise ConfigurationError(f"Tag key {kid!r} is not base64url without padding: {error}") from None
        return cls(keys)

    @classmethod
    def beside(cls, database: Path) -> TagKeys:
        """The keys in the file beside an embedded database; made, readable by its owner alone, where there is none."""
        path = database.with_name(database.name + ".tagkeys")
        if not path.exists():
            mine = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            handle = os.open(mine, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(f"k1:{base64url(secrets.token_bytes(KEY_BYTES))}\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: its key is the one
                os.link(mine, path)
            mine.unlink()
        return cls.parse(path.read_text())

    @classmethod
    def random(cls) -> TagKeys:
        """A key for a ledger in memory."""
        return cls({"k1": secrets.token_bytes(KEY_BYTES)})

    def make(
        self,
        uid: str,
        model: str,
        row_id: str,
        field: str,
        value: Json,
        last_event: str | None = None,
        *,
        strict: bool = False,
        kid: str | None = None,
    ) -> str | None:
        """
        The tag of one value, under the newest key or under *kid*; None where *kid* is not known.

        Raises:
            ConfigurationError: this ledger has no keys.
        """
        if not self._keys:
            raise ConfigurationError(
                "This ledger has no tag keys; set ENSUE_TAG_KEYS=k1:<32 bytes in base64url>, or open it with tag_keys=."
            )
        kid = next(iter(self._keys)) if kid is None else kid
        key = self._keys.get(kid)
        if key is None:
            return None
        parts: list[Json] = [uid, model, row_id, field, value]
        if strict:
            parts.append(last_event)
        return f"{kid}.{base64url(hmac.digest(key, canonical_trusted(parts), 'sha256')[:16])}"


def key_id_of(tag: str) -> str:
    """The id of the key a tag was made with."""
    return tag.partition(".")[0]
