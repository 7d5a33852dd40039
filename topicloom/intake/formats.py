"""Recognising a file by its content, whatever its name ends in; what is no export is told with what it is."""

from __future__ import annotations

import codecs
import re

from topicloom.intake.readers import READERS
from topicloom.intake.record import Export, FaultError, Opening, Reader

_HEAD = 1 << 16
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    r"<(?:!doctype\s+html|(?:html|head|body|div|form|script|style|meta|title|table|p|h[1-6]|iframe)\b)",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(r"\s*<(?:\?xml|[A-Za-z])")
_XML_ERROR = re.compile(r"<(error|message)\b[^<>]*>([^<>]{1,300})</\1\s*>", re.IGNORECASE)
_PASSWORD = re.compile(r"type=[\"']?password|\bsign[ -]?in\b|\blog[ -]?in\b|shibboleth", re.IGNORECASE)
_OLD_EXCEL = "Save it as .xlsx or CSV; of Web of Science export the plain text or tab-delimited form instead."
_OLE = b"\xd0\xcf\x11\xe0"  # how files of old Office programs begin
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_BINARY = (
    (b"%PDF", "a PDF", "Export the records themselves, as plain text, RIS or CSV."),
    (_OLE, "an old Excel or Word file (.xls, .doc)", _OLD_EXCEL),
    (b"PK\x05\x06", "an empty ZIP archive", "Pack it again, or give the files."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it, or pack it as .zip."),
    (b"Rar!", "a RAR archive", "Unpack it, or pack it as .zip."),
    (b"BZh", "a bzip2 archive", "Unpack it, or pack it as .zip."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it, or pack it as .zip."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it, or pack it as .zip."),
    (b"\x89PNG", "a picture", "Export the records themselves."),
    (b"\xff\xd8\xff", "a picture", "Export the records themselves."),
    (b"SQLite format", "an SQLite database", "Export the library from its program as RIS or BibTeX."),
)
_KINDS = "Web of Science, Scopus, PubMed, OpenAlex, Dimensions, Lens, RIS, BibTeX, EndNote, CSL JSON, CSV, TSV or Excel"
_MARK_OF_TAR = 257  # bytes before it
_MOST_CONTROLS = 0.02
_CONTROLS = frozenset(map(chr, [*range(0x09), *range(0x0E, 0x20)]))


def reader_of(export: Export) -> Reader:
    """The reader that knows a file. Raises FaultError for one that is empty, or no export at all."""
    opening = _opening(export)
    found = next((reader for reader in READERS if reader.knows(opening)), None)
    if found is not None:
        return found
    if _XML.match(opening.text) and (told := _XML_ERROR.search(opening.text)):
        raise FaultError(
            f"It is a database's answer that tells of an error: {_shown(told.group(2))}.", "Ask the database again."
        )
    raise FaultError(
        f"It is none of the forms that are read ({_KINDS}); it begins with {_shown(opening.text)}.",
        "Export it again in one of them; docs/importing.md says how for each database.",
    )


def _opening(export: Export) -> Opening:
    with export.path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise FaultError("It is empty.", "Export it again.")
    if head.startswith(_OLE) and _LOCKED in head:
        raise FaultError("It is an Office file that is locked by a password.", "Save it without one.")
    for mark, what, mend in _BINARY:
        if head.startswith(mark):
            raise FaultError(f"It is {what}.", mend)
    if head.startswith(b"ustar", _MARK_OF_TAR):
        raise FaultError("It is a tar archive.", "Unpack it, and give the files; or pack them as .zip.")
    if head.startswith((b"PK\x03\x04", b"PAR1")):
        return Opening(head, "")
    with export.open() as file:
        text = file.read(_HEAD).lstrip("\ufeff")
    opening = Opening(head, text.replace("\r", "\n") if export.form.line_end == "\r" else text)
    _require_text(opening)
    return opening


def _require_text(opening: Opening) -> None:
    text = opening.text
    wide = opening.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or "\0" not in text
    odd = sum(letter in _CONTROLS for letter in text) / max(len(text), 1)
    zeros = opening.head.count(0) / len(opening.head)
    if odd > _MOST_CONTROLS or (not wide and zeros > _MOST_CONTROLS):
        raise FaultError("It is a binary file, no text.", "Export the records as plain text, RIS or CSV.")
    if _HTML.match(text):
        raise FaultError(*_of_page(text))


def _of_page(text: str) -> tuple[str, str]:
    if _PASSWORD.search(text):
        return (
            "It is a web page that asks to sign in, saved in place of the export.",
            "Sign in to the database, and export again.",
        )
    return "It is a web page, no export.", "Use the export button of the database, and not the browser's Save As."


def _shown(text: str) -> str:
    first = " ".join(text[:200].split())[:60]
    return f"'{first}'"
