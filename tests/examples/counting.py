"""How many rows a table has, asked of the database itself."""

from __future__ import annotations

from sqlalchemy import func, select

from ensue import Ledger, Model


def count_of(ledger: Ledger, model: type[Model]) -> int:
    with ledger.read() as connection:
        return int(connection.execute(select(func.count()).select_from(model.table)).scalar_one())
