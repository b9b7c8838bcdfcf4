"""What is written for others is judged by others: documents by their validators, and real forms of the clinic by the schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from ensue import App
from ensue.core.event import Event, read_event, sent_form
from ensue.core.schema import form_schema
from ensue.demo import clinic, shipped_stream
from ensue.demo.forms import event_of
from ensue.demo.stream import Stream
from ensue.errors import InvalidForm
from ensue.source.catalog.asyncapi import to_asyncapi
from ensue.source.catalog.eventcatalog import to_eventcatalog
from ensue.source.catalog.json_schema import to_json_schema
from ensue.source.catalog.openapi import to_openapi
from tests.examples.conftest import load_example
from tests.json_schema import check_schema, fits
from tests.source.catalog.library import library

EXAMPLES = {"booking": "practice", "consent": "clinic", "history": "reg", "laboratory": "lab", "transfer": "bank"}
BEYOND = ("NUL character", "lone surrogate", "expected an integer", "at most microseconds", "has no UTC form")
"""Why a form that fits is refused all the same: JSON Schema has no words for it, so the documents say it in a text."""
ODD = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 2**53, 1.0, 1.5, "", " ", "x", "a\0b", "\ud800", "active"),
        *("2020-01-01", "2020-13-01", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00.1234567Z"),
        *("1.10", "01", "1e3", "-0", "NaN", [], ["a"], [None], {}, {"a": 1}),
    ]
)


@pytest.fixture(params=["clinic", "library", *EXAMPLES])
def app(request: pytest.FixtureRequest) -> App:
    name: str = request.param
    if name in EXAMPLES:
        found: App = getattr(load_example(name), EXAMPLES[name])
        return found
    return clinic if name == "clinic" else library


def test_the_openapi_document_is_one(app: App) -> None:
    document = to_openapi(app.catalog())

    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert {one for path in document["paths"].values() for one in path["post"]["tags"]} == {one["name"] for one in document["tags"]}


def test_every_schema_is_one(app: App) -> None:
    catalog = app.catalog()

    check_schema(to_json_schema(catalog))
    for message in to_asyncapi(catalog)["components"]["messages"].values():
        check_schema(message["payload"])
    assert all(path.endswith((".mdx", "schema.json")) for path in to_eventcatalog(catalog))


def filled(form: dict[str, Any]) -> int:
    """How many of its fields have a value."""
    return sum(value is not None for value in form.values())


@cache
def forms() -> dict[type[Event], dict[str, Any]]:
    """Of each event of the shipped stream the form with most in it."""
    found: dict[type[Event], dict[str, Any]] = {}
    with Stream(shipped_stream()) as stream:
        for line in stream:
            event = event_of(line)
            form = sent_form(event)
            if filled(form) > filled(found.get(type(event), {})):
                found[type(event)] = form
    return found


def test_every_form_of_the_stream_fits_the_schema_of_its_type() -> None:
    schema = to_json_schema(clinic.catalog())

    for shape, form in forms().items():
        assert fits(form, form_schema(shape)), shape
        assert fits(form, {**schema, "anyOf": [{"$ref": f"#/$defs/{clinic.catalog().entry(shape.__ensue__.type).key}"}]}), shape
    assert len(forms()) == 15


@given(st.data())
def test_a_form_that_is_taken_fits_and_one_that_fits_is_taken_or_refused_for_what_no_schema_says(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(sorted(forms(), key=lambda one: one.__name__)))
    form = dict(forms()[shape])
    for name in data.draw(st.sets(st.sampled_from([*form, "more"]), max_size=2)):
        if data.draw(st.integers(0, 4)) == 0:
            form.pop(name, None)
        else:
            form[name] = data.draw(ODD)
    try:
        read_event(shape, form)
        refused = ""
    except InvalidForm as no:
        refused = str(no)

    if fits(form, form_schema(shape)):
        assert not refused or any(why in refused for why in BEYOND), refused
    else:
        assert refused
