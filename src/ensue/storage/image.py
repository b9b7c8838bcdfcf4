"""
Image: the tables of an empty ledger in memory, made once for an application and copied for every further ledger.

Making tables costs twenty milliseconds, mostly of compiling statements, and whoever tests rules opens a ledger for every
test. A copy is one call of SQLite. It holds up to 1 GiB, which is SQLite's limit for databases that begin as a copy.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import Any, Final

from ensue.core.app import App

KEPT_MAX: Final = 16
"""Applications whose tables are kept: a test module has one or two."""

_images: Final[OrderedDict[tuple[Any, ...], bytes]] = OrderedDict()


def _key(app: App) -> tuple[Any, ...] | None:
    """What the tables follow from; None where some of them are made by others."""
    models = app.models()
    return None if any(model.__ensue__.table is not None for model in models) else models


def put_image(app: App, driver: Any) -> bool:
    """Give an empty database in memory the tables of *app*, if they were made before. False where they were not."""
    key = _key(app)
    image = None if key is None else _images.get(key)
    if image is None or not isinstance(driver, sqlite3.Connection):
        return False
    driver.deserialize(image)
    return True


def keep_image(app: App, driver: Any) -> None:
    """Keep the tables of *app* as they were just made, before anything stands in them."""
    key = _key(app)
    if key is None or not hasattr(driver, "serialize"):  # SQLite may be built without it
        return
    _images[key] = driver.serialize()
    if len(_images) > KEPT_MAX:
        _images.popitem(last=False)
