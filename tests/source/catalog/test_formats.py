"""Every format says the same, is whole in itself, and takes what people write literally."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensue.core.catalog import Catalog, Seen, SeenCount, SeenEvents
from ensue.core.event import read_event
from ensue.core.schema import form_schema
from ensue.demo import clinic
from ensue.errors import InvalidForm
from ensue.source.catalog.asyncapi import to_asyncapi
from ensue.source.catalog.build import catalog_of
from ensue.source.catalog.eventcatalog import to_eventcatalog
from ensue.source.catalog.json_schema import to_json_schema
from ensue.source.catalog.markdown import to_markdown
from ensue.source.catalog.openapi import to_openapi
from ensue.source.catalog.page import to_html
from tests.json_schema import check_schema, fits, references_of, resolved
from tests.source.catalog.library import Borrow, Borrow2, library

SEEN = Seen(
    events=(SeenEvents("loan.borrow", "2020-01-01", 12_345, "2020-02-01T00:00:00.000000Z", "2020-12-01T00:00:00.000000Z"),),
    operations=(SeenCount("loan.borrow", "2020-01-01", "insert Loan", 12_345), SeenCount("loan.borrow", "2020-01-01", "delete Loan", 1)),
    effects=(),
    rejections=(SeenCount("loan.borrow", "2020-01-01", "loan.not_loanable", 7),),
    causes=(SeenCount("confirm", "2020-01-01", "loan.borrow", 3),),
)
VOID = {"meta", "input", "br", "wbr", "link"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return catalog_of(library, SEEN)


# ---- the page ------------------------------------------------------------------------------------------------------
class Reader(HTMLParser):
    """A page as a browser would take it: its ids, links, words, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            {"id": self.ids, "href": self.links, "src": self.sources}.get(name, []).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words += data


@pytest.mark.parametrize("app", [library, clinic], ids=lambda app: app.name)
def test_the_page_needs_no_other_and_every_link_leads_somewhere(app: Any) -> None:
    page = to_html(app.catalog())
    read = Reader(page)

    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert {one.removeprefix("#") for one in read.links} <= set(read.ids)
    assert read.sources == []
    assert not re.search(r"@import|url\(|https?:", page)


def test_the_page_has_a_card_for_everything_and_each_earlier_date(catalog: Catalog) -> None:
    read = Reader(to_html(catalog))

    for name in ("event-loan-borrow", "event-confirm", "effect-letter-print", "model-Reader"):
        assert name in read.ids
    for words in ("As it was: 2020-01-01 until 2021-01-01", "Ended on 2023-01-01: Books come back.", "Nobody read them.", "breaking"):
        assert words in read.words


def test_every_cell_says_its_column_for_screens_that_have_no_room_for_columns(catalog: Catalog) -> None:
    for table in re.findall(r"<table.*?</table>", to_html(catalog), re.DOTALL):
        heads = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", table)
        cells = re.findall(r'<td[^>]* data-head="(.*?)"', table)

        assert cells == heads * (len(cells) // len(heads))
        assert len(cells) == table.count("<td")


def test_what_people_write_is_no_markup_on_the_page(catalog: Catalog) -> None:
    page = to_html(catalog)

    assert "<b>Not</b>" not in page
    assert "<b>Not</b> bold." in Reader(page).words


def test_counts_stand_beside_what_is_declared_and_what_nothing_declares_is_said(catalog: Catalog) -> None:
    for written in (Reader(to_html(catalog)).words, to_markdown(catalog)):
        assert "12,345" in written
        assert "no step of this application" in written
        assert "named as the cause of 3 records" in written


def test_an_event_type_that_nothing_follows_from_says_so(catalog: Catalog) -> None:
    words = Reader(to_html(catalog)).words

    assert "nothing: no step decides it any more" in words
    assert "It runs until 2021-06-01: There are no fines." in words
    assert ".." not in words.replace("…", "")


def test_pages_are_the_same_every_time(catalog: Catalog) -> None:
    assert to_html(catalog) == to_html(catalog_of(library, SEEN))


# ---- Markdown ------------------------------------------------------------------------------------------------------
def test_the_markdown_has_tables_of_even_rows_and_no_markup_of_others(catalog: Catalog) -> None:
    written = to_markdown(catalog)
    tables = re.findall(r"(?:^\|.*\|\n)+", written, re.MULTILINE)

    assert len(tables) > 10
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table
    assert r"\<b\>Not\</b\>" in written
    assert "### loan.borrow, 2020-01-01 until 2021-01-01" in written


# ---- JSON Schema ---------------------------------------------------------------------------------------------------
def test_the_json_schema_is_one_and_has_every_form_by_type_and_date(catalog: Catalog) -> None:
    schema = to_json_schema(catalog)

    check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"loan.borrow@2020-01-01", "loan.borrow@2021-01-01", "effect.letter.print"} <= schema["$defs"].keys()
    assert all(resolved(one, schema) for one in references_of(schema))


GOOD: dict[type[Any], dict[str, Any]] = {
    Borrow: {"book_id": "b1", "reader_id": "r1"},
    Borrow2: {"book_id": "b1", "reader_id": "r1", "days": 7},
}
SPANS = st.fixed_dictionaries({}, optional={"begin": st.sampled_from(["2020-01-01", 3]), "end": st.sampled_from(["2020-01-01", None, 3])})
ANY = st.one_of(st.none(), st.booleans(), st.integers(-1, 30), st.sampled_from(["", "red", "blue", "b1"]), SPANS)
NAMES = st.sampled_from(["book_id", "weeks", "days", "shelf", "reader_id", "loan_id", "span", "more"])


@given(st.sampled_from([Borrow, Borrow2]), st.dictionaries(NAMES, ANY, max_size=2), st.sets(NAMES, max_size=1))
def test_a_form_is_taken_just_where_it_fits_its_schema(shape: type[Any], changes: dict[str, Any], without: set[str]) -> None:
    form = {name: value for name, value in {**GOOD[shape], **changes}.items() if name not in without}
    try:
        read_event(shape, form)
        taken = True
    except InvalidForm:
        taken = False

    assert taken == fits(form, form_schema(shape))


# ---- OpenAPI and AsyncAPI ------------------------------------------------------------------------------------------
def test_the_openapi_document_has_a_path_for_each_type_with_its_forms_and_problems(catalog: Catalog) -> None:
    document = to_openapi(catalog)
    path = document["paths"]["/events/loan.borrow"]["post"]

    assert document["openapi"] == "3.1.0"
    assert all(resolved(one, document) for one in references_of(document))
    for schema in document["components"]["schemas"].values():
        check_schema(schema)
    assert document["components"]["parameters"]["version"]["name"] == "Ensue-Version"
    assert document["components"]["parameters"]["version"]["schema"]["enum"][-1] == "2023-01-01"
    assert [one["$ref"].rpartition("/")[2] for one in path["requestBody"]["content"]["application/json"]["schema"]["anyOf"]] == [
        "loan.borrow-2020-01-01",
        "loan.borrow-2021-01-01",
    ]
    assert {"201", "400", "409", "410", "422"} <= path["responses"].keys()
    assert "428" in path["responses"] or not catalog.entry("loan.borrow").demands
    assert "/events/loan.forget" not in document["paths"]


def test_the_asyncapi_document_receives_event_types_and_sends_effects(catalog: Catalog) -> None:
    document = to_asyncapi(catalog)

    assert document["asyncapi"] == "3.0.0"
    assert all(resolved(one, document) for one in references_of(document))
    assert {one["action"] for one in document["operations"].values()} == {"receive", "send"}
    assert set(document["channels"]["events.loan.borrow"]["messages"]) == {
        "event.loan.borrow-2020-01-01",
        "event.loan.borrow-2021-01-01",
    }
    for message in document["components"]["messages"].values():
        check_schema(message["payload"])
    names = [*document["channels"], *document["operations"], *document["components"]["messages"]]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)


# ---- EventCatalog --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("app", [library, clinic], ids=lambda app: app.name)
def test_the_eventcatalog_folder_has_front_matter_schemas_and_earlier_dates(app: Any) -> None:
    files = to_eventcatalog(app.catalog())
    ids: dict[tuple[str, str], str] = {}

    for path, text in files.items():
        if path.endswith(".mdx"):
            _, front, body = text.split("---\n", 2)
            matter = {name: json.loads(value) for name, value in (line.split(": ", 1) for line in front.splitlines())}
            assert {"id", "name", "version"} <= matter.keys()
            assert re.fullmatch(r"\d+\.[1-9]\d*\.[1-9]\d*", matter["version"])
            assert ids.setdefault((matter["id"], matter["version"]), path) == path
            assert "schemaPath" not in matter or f"{path.rpartition('/')[0]}/{matter['schemaPath']}" in files
            assert not re.search(r"(?<![\\`])[{<](?!SchemaViewer|NodeGraph)", re.sub(r"`[^`]*`", "", body))
        else:
            check_schema(json.loads(text))
    if app is library:
        badges = files["services/library/commands/loan.borrow/versioned/2020.101.1/index.mdx"]
        assert "since 2020-01-01" in badges
        assert "services/library/commands/loan.borrow/versioned/2020.101.1/index.mdx" in files
        assert "services/library/events/letter.print/schema.json" in files
