"""`ensue catalog export`: the catalog written to standard output, a file or a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_hanging, printable
from ensue.errors import RequestError

if TYPE_CHECKING:
    from ensue.core.catalog import Catalog

STANDARD_OUTPUT = "-"
FOLDER = "eventcatalog"


def exported(catalog: Catalog, format: str, out: str) -> Answer:
    """
    The catalog in a *format*, at *out*.

    Raises:
        RequestError: there is no such format, or the path cannot be written.
    """
    written = written_as(catalog, format)
    files: dict[str, str] = written if format == FOLDER and isinstance(written, dict) else {}
    if out == STANDARD_OUTPUT:
        if files:
            raise RequestError("--format eventcatalog writes a folder of files; say where with --out FOLDER.")
        return Answer({"format": format, "document": written}, lambda console: print_whole(console.file, text_of(written)))
    write(Path(out), files or {"": text_of(written)})
    said = f"{count_text(len(files) or 1, 'file')} written: {printable(out)}"
    return Answer({"format": format, "path": out, "files": len(files) or 1}, lambda console: print_hanging(console, Text(), Text(said)))


def written_as(catalog: Catalog, format: str) -> Any:
    """A text, or what json.dumps writes; of eventcatalog texts by path. Raises RequestError."""
    # Each format is imported when it is asked for: `ensue catalog list` needs none of them.
    match format:
        case "json":
            return catalog.as_json()
        case "schema":
            from ensue.core.catalog import catalog_schema

            return catalog_schema()
        case "md":
            from ensue.source.catalog.markdown import to_markdown

            return to_markdown(catalog)
        case "html":
            from ensue.source.catalog.page import to_html

            return to_html(catalog)
        case "jsonschema":
            from ensue.source.catalog.json_schema import to_json_schema

            return to_json_schema(catalog)
        case "asyncapi":
            from ensue.source.catalog.asyncapi import to_asyncapi

            return to_asyncapi(catalog)
        case "openapi":
            from ensue.source.catalog.openapi import to_openapi

            return to_openapi(catalog)
        case "eventcatalog":
            from ensue.source.catalog.eventcatalog import to_eventcatalog

            return to_eventcatalog(catalog)
    raise RequestError(f"--format {format}: expected json, md, html, jsonschema, asyncapi, openapi, eventcatalog or schema.")


def text_of(written: Any) -> str:
    """The text of a document; JSON is indented, so that it can be kept under version control."""
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False, indent=2) + "\n"


def print_whole(stream: Any, text: str) -> None:
    """The text as it is, not wrapped to anybody's terminal."""
    stream.write(text)


def write(path: Path, files: dict[str, str]) -> None:
    """Texts by their path below *path*. Raises RequestError."""
    try:
        for name, text in files.items():
            file = path / name if name else path
            if name:
                file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError(f"--out {path} cannot be written: {error.strerror or error}.") from None
