"""`ensue audit` on the command line: what it says, and how it ends."""

from __future__ import annotations

import pytest

from ensue.core.record import Record
from ensue.runtime import ledger as ledger_module
from ensue.runtime.audit import AuditReport, Differing
from ensue.runtime.disagreement import Disagreement
from tests.cli.conftest import Run

Where = tuple[str, ...]


def test_records_that_are_decided_alike_end_with_0(run: Run, open_shop: Where) -> None:
    told = run("audit", *open_shop, "--rate", "1")

    assert (told.code, told.stdout) == (0, "✓ Decided alike: 1 record of 1 decided again.\n")
    assert run("audit", *open_shop, "--rate", "1", "--json").data == {
        "clean": True,
        "records": 1,
        "decided": 1,
        "unreplayable": 0,
        "elsewhere": True,
        "differing": [],
    }


def test_a_record_that_is_decided_differently_ends_with_3(run: Run, open_shop: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    import ensue
    from tests.cli.shop import shop

    with ensue.open(shop, open_shop[3]) as opened:
        (record,) = opened.records()
    assert isinstance(record, Record)
    found = Disagreement("open_account", "owner is A here, B elsewhere", "shop.py", 7, "Sort it")
    report = AuditReport(1, 1, 0, True, (Differing(record, found),))
    monkeypatch.setattr(ledger_module, "audit_sample", lambda *arguments, **options: report)

    told = run("audit", *open_shop)
    envelope = run("audit", *open_shop, "--json")

    assert told.code == envelope.code == 3
    assert "✗ 1 decided differently: 1 record of 1 decided again." in told.stdout
    assert "Record 0, account.open: Step open_account (shop.py:7): owner is A here, B elsewhere. Sort it." in " ".join(told.stdout.split())
    assert envelope.error["code"] == "decided_differently"
    (one,) = envelope.envelope["data"]["differing"]
    assert (one["position"], one["step"], one["file"], one["line"], one["remedy"]) == (0, "open_account", "shop.py", 7, "Sort it")


def test_a_share_that_is_none_is_a_setting(run: Run, open_shop: Where) -> None:
    assert run("audit", *open_shop, "--rate", "2", "--json").error["code"] == "configuration"
