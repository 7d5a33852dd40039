"""The formats that are read, one reader a file. A new one is a file here and an entry in READERS."""

from __future__ import annotations

from typing import Final

from topicloom.intake.readers.bibtex import BIBTEX
from topicloom.intake.readers.csl_json import CSL_JSON
from topicloom.intake.readers.endnote_xml import ENDNOTE_XML
from topicloom.intake.readers.openalex_json import OPENALEX_JSON
from topicloom.intake.readers.pubmed_text import PUBMED_TEXT
from topicloom.intake.readers.pubmed_xml import PUBMED_XML
from topicloom.intake.readers.refer import REFER
from topicloom.intake.readers.ris import RIS
from topicloom.intake.readers.table import ANY_TABLE, JSON_TABLE, KNOWN_TABLE, PARQUET, WORKBOOK
from topicloom.intake.readers.wos_text import WOS_TEXT
from topicloom.intake.record import Reader

# The first that knows a file reads it: the surest marks come first, a table of any kind last.
READERS: Final[tuple[Reader, ...]] = (
    *(WORKBOOK, PARQUET),
    *(WOS_TEXT, PUBMED_TEXT, PUBMED_XML, ENDNOTE_XML, OPENALEX_JSON, CSL_JSON, JSON_TABLE),
    *(KNOWN_TABLE, RIS, BIBTEX, REFER, ANY_TABLE),
)
