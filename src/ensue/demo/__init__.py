"""
The clinic: a complete small application on ensue's public API, with a stream of its working life to send through it.

    clinic            the application: `ensue verify --app ensue.demo:clinic`
    import_stream     send a folder of the stream's form through a ledger of the clinic
    shipped_stream    the folder of the small stream that comes with the package
"""

from ensue.demo import events
from ensue.demo.application import clinic
from ensue.demo.importing import ImportCounts, RefusedLine, import_stream
from ensue.demo.rows import StreamError
from ensue.demo.shipped import shipped_stream

__all__ = ["ImportCounts", "RefusedLine", "StreamError", "clinic", "events", "import_stream", "shipped_stream"]
