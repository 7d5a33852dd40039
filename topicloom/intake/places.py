"""Countries and institutions in the addresses of authors."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

# Names that databases write, by the code of ISO 3166; all others are in tzdata's own list.
_NAMES = {
    **{"usa": "US", "united states": "US", "united states of america": "US", "u s a": "US", "us": "US"},
    **{"england": "GB", "scotland": "GB", "wales": "GB", "north ireland": "GB", "northern ireland": "GB", "uk": "GB"},
    **{"united kingdom": "GB", "great britain": "GB", "peoples r china": "CN", "p r china": "CN", "pr china": "CN"},
    **{"people's republic of china": "CN", "mainland china": "CN", "south korea": "KR", "republic of korea": "KR"},
    **{"korea": "KR", "north korea": "KP", "russia": "RU", "russian federation": "RU", "ussr": "RU"},
    **{"czech republic": "CZ", "czechia": "CZ", "turkiye": "TR", "türkiye": "TR", "turkey": "TR", "iran": "IR"},
    **{"viet nam": "VN", "vietnam": "VN", "taiwan": "TW", "hong kong": "HK", "macau": "MO", "macao": "MO"},
    **{"u arab emirates": "AE", "united arab emirates": "AE", "bosnia & herceg": "BA", "cote ivoire": "CI"},
    **{"bosnia and herzegovina": "BA", "north macedonia": "MK", "macedonia": "MK", "moldova": "MD", "kosovo": "XK"},
    **{"dem rep congo": "CD", "rep congo": "CG", "tanzania": "TZ", "laos": "LA", "syria": "SY", "brunei": "BN"},
    **{"trinid & tobago": "TT", "trinidad and tobago": "TT", "papua n guinea": "PG", "swaziland": "SZ"},
    **{"eswatini": "SZ", "cape verde": "CV", "palestine": "PS", "bolivia": "BO", "venezuela": "VE"},
    **{"the netherlands": "NL", "netherlands": "NL", "myanmar": "MM", "burma": "MM", "vatican": "VA", "brasil": "BR"},
    **{"deutschland": "DE", "españa": "ES", "méxico": "MX", "saudi arabia": "SA", "rep of georgia": "GE"},
}
_AUTHORS = re.compile(r"\[[^\]]*\]\s*")
_STATE = re.compile(r".*\bUSA\Z")


def with_places(fields: Mapping[str, str]) -> dict[str, str]:
    """Countries, IsoCountries and Institutions of a record, each name once, as far as its addresses tell them."""
    parts = [
        [part.strip() for part in address.split(",")] for address in _addresses(fields.get("C1", "")) if address.strip()
    ]
    named = [_country(address[-1]) for address in parts if len(address) > 1]
    codes = fields.get("IsoCountries") or _once(_codes().get(name.lower(), "") for name in named)
    countries = fields.get("Countries") or _once(name for name in named if name.lower() in _codes())
    if not countries and codes:
        countries = _once(_names_by_code().get(code.strip(), "") for code in codes.split(";"))
    institutions = fields.get("Institutions") or fields.get("C3") or _once(address[0] for address in parts)
    found = {"Countries": countries, "IsoCountries": codes, "Institutions": institutions}
    return {name: text for name, text in found.items() if text}


def _addresses(text: str) -> list[str]:
    return _AUTHORS.sub("", text).split(";")


def _once(names: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, names)))


def _country(last: str) -> str:
    """The country at the end of an address, without the postcode or state before it."""
    last = last.strip(" .")
    return "USA" if _STATE.match(last) else last


@functools.cache
def _codes() -> dict[str, str]:
    return {name.lower(): code for code, name in _names_by_code().items()} | _NAMES


@functools.cache
def _names_by_code() -> dict[str, str]:
    lines = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {code: re.sub(r" \([^)]*\)", "", name) for code, name in pairs}
