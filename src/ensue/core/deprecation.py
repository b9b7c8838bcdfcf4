"""
Deprecation: what callers of a version that goes away are told, as HTTP headers for a door to send.

    Deprecation: @1767225600                                 since or from when (RFC 9745, section 2.1; seconds since 1970)
    Sunset: Wed, 01 Jul 2026 00:00:00 GMT                    from when it is refused (RFC 8594, section 3)
    Link: <…>; rel="deprecation", <…>; rel="successor-version"    what to do instead (RFC 9745, section 3; RFC 5829)
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from ensue.core.version import Version, VersionEntry


def deprecation_headers(entry: VersionEntry, *, policy: str | None = None, successor: Version | None = None) -> dict[str, str]:
    """
    The headers for answers under the version of *entry*; none where it is neither deprecated nor retired at any date.

    Args:
        entry: what the application says of the version.
        policy: the address of a page that says what to do; `{version}` in it is the version's date.
        successor: the version to use instead; its page is linked too.
    """
    headers: dict[str, str] = {}
    if entry.deprecated is not None:
        headers["Deprecation"] = f"@{int(_midnight(entry.deprecated).timestamp())}"
    if entry.retired is not None:
        headers["Sunset"] = format_datetime(_midnight(entry.retired), usegmt=True)
    if not headers or policy is None:
        return headers
    page = policy.replace("{version}", str(entry.version))
    links = [f'<{page}>; rel="{relation}"' for name, relation in (("Deprecation", "deprecation"), ("Sunset", "sunset")) if name in headers]
    if successor is not None:
        links.append(f'<{policy.replace("{version}", str(successor))}>; rel="successor-version"')
    return {**headers, "Link": ", ".join(links)}


def _midnight(day: date) -> datetime:
    """When a day begins, in UTC: the dates of versions have no other hour."""
    return datetime.combine(day, time(), UTC)
