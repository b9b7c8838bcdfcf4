"""Steps that are not pure, as source text. Every line with `#! code` must be found under exactly that code, and no other line."""

from __future__ import annotations

IM
