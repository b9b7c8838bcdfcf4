"""transfer.py: money between two accounts, as the table of the examples promises."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType

import pytest

from ensue import Increase, Insert, Ledger, NotFound
from ensue.testing import ANY_ID, given
from tests.examples.conftest import Opener
from tests.examples.counting import count_of


@pytest.fixture
def bank(transfer: ModuleType, open_with: Opener) -> Ledger:
    return open_with(transfer.bank, transfer.Account(id="a", owner="Ada", balance=Decimal(70)), transfer.Account(id="b", owner="Bo"))


def balances(ledger: Ledger, transfer: ModuleType) -> tuple[Decimal, Decimal]:
    return ledger.get(transfer.Account, "a").balance, ledger.get(transfer.Account, "b").balance


def test_one_key_moves_money_once(bank: Ledger, transfer: ModuleType) -> None:
    form = {"amount": "30", "from": "a", "to": "b"}

    first = transfer.controller(bank, form, "form-1", "ada")
    second = transfer.controller(bank, form, "form-1", "ada")

    assert first == second
    assert balances(bank, transfer) == (Decimal("39.5"), Decimal(30))  # the newest version also takes its fee, once
    assert count_of(bank, transfer.Entry) == 3


def test_more_than_there_is_is_overdrawn_and_leaves_the_key_free(bank: Ledger, transfer: ModuleType) -> None:
    with pytest.raises(transfer.Overdrawn, match=r"Account a has 70 available\.") as no:
        bank.submit(transfer.Transfer(amount=Decimal(71), source="a", target="b"), actor="ada", key="form-1", version="2024-01-01")
    record = bank.submit(transfer.Transfer(amount=Decimal(70), source="a", target="b"), actor="ada", key="form-1", version="2024-01-01")

    assert (no.value.account, no.value.available) == ("a", Decimal(70))
    assert record.position == 0
    assert balances(bank, transfer) == (Decimal(0), Decimal(70))


def test_a_controller_answers_a_rejection_in_words(bank: Ledger, transfer: ModuleType) -> None:
    answer = transfer.controller(bank, {"amount": "71", "from": "a", "to": "b"}, "form-1", "ada")

    assert answer == {"error": "Account a has 70 available.", "available": "70"}


def test_source_and_target_must_differ(bank: Ledger, transfer: ModuleType) -> None:
    with pytest.raises(transfer.SameAccount):
        bank.submit(transfer.Transfer(amount=Decimal(1), source="a", target="a"), actor="ada")

    assert balances(bank, transfer) == (Decimal(70), Decimal(0))


def test_an_account_that_is_not_there_is_not_found(bank: Ledger, transfer: ModuleType) -> None:
    with pytest.raises(NotFound) as no:
        bank.submit(transfer.Transfer(amount=Decimal(1), source="a", target="nobody"), actor="ada")

    assert (no.value.model, no.value.id) == ("Account", "nobody")
    assert count_of(bank, transfer.Entry) == 0


def test_an_account_is_opened_under_the_id_it_is_given_or_one_of_its_own(bank: Ledger, transfer: ModuleType) -> None:
    named = bank.submit(transfer.OpenAccount(owner="Cy", account="c"), actor="desk")
    derived = bank.submit(transfer.OpenAccount(owner="Di"), actor="desk")

    assert named.subject == "Account/c"
    assert bank.get(transfer.Account, derived.subject.removeprefix("Account/")).owner == "Di"


def test_the_fee_sees_what_the_move_left(bank: Ledger, transfer: ModuleType) -> None:
    with pytest.raises(transfer.Overdrawn, match=r"Account a has 0 available\."):
        bank.submit(transfer.Transfer(amount=Decimal(70), source="a", target="b"), actor="ada", version="2024-07-01")
    record = bank.submit(transfer.Transfer(amount=Decimal("69.50"), source="a", target="b"), actor="ada", version="2024-07-01")

    assert balances(bank, transfer) == (Decimal(0), Decimal("69.5"))
    assert record.plan.steps == ("refuse_same_account", "move", "charge_fee")


def test_what_the_fee_adds_is_an_increase_and_an_entry(transfer: ModuleType) -> None:
    a, b = transfer.Account(id="a", owner="Ada", balance=Decimal(70)), transfer.Account(id="b", owner="Bo")

    july = given(transfer.bank, a, b).when(transfer.Transfer(amount=Decimal(10), source="a", target="b"), version="2024-07-01")

    fee = transfer.Entry(id=ANY_ID, account_id="a", amount=-transfer.FEE)
    july.differs_from("2024-01-01").added(Increase(a, balance=-transfer.FEE), Insert(fee)).dropped()


def test_compare_of_an_old_transfer_with_july_shows_the_fee_alone(bank: Ledger, transfer: ModuleType) -> None:
    record = bank.submit(transfer.Transfer(amount=Decimal(30), source="a", target="b"), actor="ada", version="2024-01-01")

    diff = bank.compare(bank.record(record.id), version="2024-07-01")

    entry = next(one for one in diff.added if isinstance(one, Insert))
    ada = transfer.Account(id="a", owner="Ada", balance=Decimal(70))
    assert diff.added == (
        Insert(transfer.Entry(id=entry.row.id, account_id="a", amount=Decimal("-0.5"))),
        Increase(ada, balance=Decimal("-0.5")),
    )
    assert diff.dropped == ()


def test_correct_performs_just_the_fee_and_later_transfers_stand(bank: Ledger, transfer: ModuleType) -> None:
    old = bank.submit(transfer.Transfer(amount=Decimal(30), source="a", target="b"), actor="ada", version="2024-01-01")
    later = bank.submit(transfer.Transfer(amount=Decimal(10), source="a", target="b"), actor="ada", version="2024-01-01")

    fixed = bank.correct(bank.compare(bank.record(old.id), version="2024-07-01"), actor="auditor", reason="The fee was forgotten.")

    assert [type(one) for one in fixed.plan.operations] == [Increase, Insert]
    assert fixed.corrects == old.id
    assert balances(bank, transfer) == (Decimal("29.5"), Decimal(40))
    assert [one.id for one in bank.timeline("Account/a")] == [old.id, later.id, fixed.id]
    assert bank.correct(bank.compare(bank.record(old.id), version="2024-07-01"), actor="auditor", reason="again") == fixed
