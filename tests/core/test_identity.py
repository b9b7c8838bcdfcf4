"""Derived ids: the same words give the same id, and nothing else does."""

from __future__ import annotations

import uuid

import pytest

from ensue.core.identity import event_id, random_event_id, random_number, row_id
from ensue.errors import CanonicalError

EVENT = event_id("ledger", "dr-ada", "form-81")


def test_ids_are_uuids_of_version_8_in_their_usual_spelling() -> None:
    for made in (EVENT, row_id(EVENT, "prescription"), random_event_id(bytes(16)), random_event_id(b"\xff" * 16)):
        read = uuid.UUID(made)

        assert str(read) == made
        assert read.version == 8
        assert read.variant == uuid.RFC_4122


def test_an_event_id_depends_on_ledger_actor_and_key() -> None:
    ids = {event_id(uid, actor, key) for uid in ("u", "v") for actor in ("a", "b") for key in ("k", "l")}

    assert len(ids) == 8
    assert event_id("u", "ab", "c") != event_id("u", "a", "bc")


def test_a_label_gives_the_same_row_id_and_number_each_time_and_another_label_others() -> None:
    assert row_id(EVENT, "a") == row_id(EVENT, "a") != row_id(EVENT, "b")
    assert random_number(EVENT, "a") == random_number(EVENT, "a") != random_number(EVENT, "b")
    assert uuid.UUID(row_id(EVENT, "a")).int != random_number(EVENT, "a")


def test_random_numbers_use_all_128_bits() -> None:
    numbers = [random_number(EVENT, f"draw {n}") for n in range(200)]

    for bit in range(128):
        ones = sum(number >> bit & 1 for number in numbers)
        assert 60 < ones < 140, f"bit {bit} is 1 in {ones} of 200"


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
def test_text_outside_the_profile_makes_no_id(text: str) -> None:
    with pytest.raises(CanonicalError):
        event_id("ledger", "dr-ada", text)
    with pytest.raises(CanonicalError):
        row_id(EVENT, text)
    with pytest.raises(CanonicalError):
        random_number(EVENT, text)


def test_a_text_about_nul_is_not_a_nul() -> None:
    assert row_id(EVENT, "\\u0000") != row_id(EVENT, "0")


def test_a_random_id_takes_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="takes 16 random bytes, found 15"):
        random_event_id(bytes(15))
