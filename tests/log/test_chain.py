"""The chain's hashes and what they cost."""

from __future__ import annotations

import pytest

from ensue.log.chain import event_hash, genesis, is_valid, stamp


@pytest.mark.parametrize("cost", [1, 4, 8, 12])
def test_a_stamp_is_the_first_nonce_that_pays_its_cost(cost: int) -> None:
    nonce, found = stamp(b"header", cost)

    assert found == event_hash(b"header", nonce)
    assert int.from_bytes(found, "big") < 2 ** (256 - cost)
    assert not any(is_valid(event_hash(b"header", earlier), cost) for earlier in range(nonce))


def test_valid_begins_exactly_below_the_limit() -> None:
    limit = 2 ** (256 - 4)

    assert is_valid((limit - 1).to_bytes(32, "big"), 4)
    assert not is_valid(limit.to_bytes(32, "big"), 4)
    assert not is_valid(bytes(31), 4)


def test_sixteen_tries_on_average_at_four_bits() -> None:
    tries = [stamp(b"header %d" % number, 4)[0] + 1 for number in range(2000)]

    assert 14 < sum(tries) / len(tries) < 18


@pytest.mark.parametrize("cost", [0, -1, 21, 256])
def test_a_cost_outside_1_to_20_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="1 to 20 bits, found"):
        stamp(b"header", cost)
    with pytest.raises(ValueError, match="1 to 20 bits, found"):
        is_valid(bytes(32), cost)


def test_each_subject_of_each_ledger_begins_elsewhere() -> None:
    beginnings = {genesis(uid, subject) for uid in ("u", "v") for subject in ("Patient/1", "Patient/2")}

    assert len(beginnings) == 4
