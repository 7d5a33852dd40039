"""JSON and YAML that people write, read with bounds: what a program could choke on is refused with its place.

Both forms give the same values: objects with text keys, lists, texts, numbers, true, false and null. A date in YAML is
the text that stands there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from topicloom.errors import InputError, Problem, shown
from topicloom.machine.regular_files import read_whole

MOST_BYTES: Final = 4 << 20  # a settings file has some kilobytes
_DEEPEST: Final = 50  # the settings nest four deep
_MOST_VALUES: Final = 200_000  # a list of stop words may be long
_YAML_SUFFIXES: Final = (".yml", ".yaml")
_SURROGATE = re.compile("[\ud800-\udfff]")
_IMPOSSIBLE = (ValueError, OverflowError, KeyError, IndexError, AttributeError)  # of PyYAML, for "!!bool maybe"
_BASE: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Repeat:
    """A key that stands twice in one object. path: its full name. first, last: its two values; the last one counts."""

    path: str
    first: Any
    last: Any

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return bool(self.first == self.last)

    @property
    def problem(self) -> Problem:
        """What to say where it must not be."""
        return Problem(
            f"{self.path} is given twice: {shown(self.first)} and {shown(self.last)}; it must be given once.",
            "Take one of them out.",
        )


@dataclass(frozen=True)
class Document:
    """What a file holds, and the keys that it gives twice."""

    content: Any
    repeats: tuple[Repeat, ...]


class _FaultError(Exception):
    """What is wrong with a document, as a sentence."""


class _Object(dict[str, Any]):
    """An object as it is read. repeats: key, first and last value of each key that stands in it twice."""

    def __init__(self) -> None:
        super().__init__()
        self.repeats: list[tuple[str, Any, Any]] = []

    def add(self, key: str, value: Any) -> None:
        if key in self:
            self.repeats.append((key, self[key], value))
        self[key] = value


def is_yaml(path: Path) -> bool:
    """Whether the name of a file says that it is YAML."""
    return path.suffix.lower() in _YAML_SUFFIXES


def read_document(path: Path, error: type[InputError], *, yaml_form: bool | None = None) -> Document:
    """Read a JSON or YAML file of at most 4 MiB, in UTF-8 with or without a byte order mark.

    Args:
        path: The file.
        error: What is raised for a file that cannot be used.
        yaml_form: Whether it is YAML; by its name when left out.

    Raises:
        InputError: of the kind `error`, for what is no regular file, no such text, nested deeper than 50 levels or
            within itself, or holds a number, date or letter that cannot be.
    """
    as_yaml = is_yaml(path) if yaml_form is None else yaml_form
    form = "YAML" if as_yaml else "JSON"
    complaint = f"is not {form}" if yaml_form is None else f"cannot be read as {form}"  # its name promised nothing
    content = read_whole(path, MOST_BYTES, error)
    try:
        text = content.decode("utf-8-sig")
        raw = _yaml_value(text) if as_yaml else _json_value(text)
        repeats: list[Repeat] = []
        return Document(_plain(raw, "", 0, repeats), tuple(repeats))
    except UnicodeDecodeError as found:
        raise error(path, Problem(f"It is not UTF-8 text (byte {found.start}).", "Save it as UTF-8.")) from found
    except (json.JSONDecodeError, yaml.YAMLError) as found:
        raise error(path, Problem(f"It {complaint}: {_said(found)}.", f"Mend the {form} at that place.")) from found
    except _FaultError as found:
        raise error(path, Problem(f"{found}.", "Change it at that place.")) from found
    except RecursionError as found:
        raise error(path, Problem(_too_deep(), "Change it at that place.")) from found


def _said(error: Exception) -> str:
    """What a parser says and where, without the line itself: the file may be any, such as one of passwords."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    told = ((error.context, error.context_mark), (error.problem, error.problem_mark))
    places = (f"{what}, line {mark.line + 1}, column {mark.column + 1}" for what, mark in told if what and mark)
    return "; ".join(places) or str(error.problem)


def _too_deep() -> str:
    return f"It is nested deeper than {_DEEPEST} levels."


def _json_value(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_json_object, parse_int=_whole_number)


def _json_object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object()
    for key, value in pairs:
        found.add(key, value)
    return found


def _whole_number(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:  # Python reads at most 4300 digits
        raise _FaultError(f"It holds a whole number of {len(digits)} digits, which is none to be meant") from error


def _plain(value: Any, path: str, depth: int, repeats: list[Repeat]) -> Any:
    """The value in plain dicts and lists, without letters that no file can hold; repeated keys go into `repeats`."""
    if depth > _DEEPEST:
        raise _FaultError(_too_deep().rstrip("."))
    if isinstance(value, str):
        return _sound_text(value, path)
    if isinstance(value, list):
        return [_plain(item, path, depth + 1, repeats) for item in value]
    if not isinstance(value, dict):
        return value
    for key, first, last in getattr(value, "repeats", ()):
        repeats.append(Repeat(_joined(path, key), _plain(first, "", depth, []), _plain(last, "", depth, [])))
    return {_sound_text(key, path): _plain(item, _joined(path, key), depth + 1, repeats) for key, item in value.items()}


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _sound_text(text: str, path: str) -> str:
    if _SURROGATE.search(text):
        where = f"{path} holds" if path else "It holds"
        raise _FaultError(f"{where} half a letter, {shown(text)}: a surrogate without its other half")
    return text


class _Loader(_BASE):  # type: ignore[misc,valid-type]  # chosen at run time
    """PyYAML's safe loader; 1e-3 is a number too, as in JSON and YAML 1.2."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _yaml_value(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _YamlReader(loader).value(node, ())
    finally:
        loader.dispose()


class _YamlReader:
    """Values of YAML nodes. A node that stands in many places is read at each, so that the bound counts it there."""

    def __init__(self, loader: Any) -> None:
        self._loader, self._count = loader, 0

    def value(self, node: yaml.Node, within: tuple[int, ...]) -> Any:
        """The value of a node. within: the nodes that it lies in."""
        self._count += 1
        if self._count > _MOST_VALUES:
            raise _FaultError(f"It holds more than {_MOST_VALUES:,} values, written out")
        if id(node) in within:
            raise _FaultError(f"What begins in line {node.start_mark.line + 1} holds itself")
        if len(within) > _DEEPEST:
            raise _FaultError(_too_deep().rstrip("."))
        inner = (*within, id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(item, inner) for item in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, inner)
        raise _FaultError(f"Line {node.start_mark.line + 1} holds a {_tag(node)}, which has no place here")

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        line = node.start_mark.line + 1
        if _tag(node) in ("str", "value", "merge"):
            return node.value
        if _tag(node) not in ("null", "bool", "int", "float", "timestamp"):
            raise _FaultError(f"Line {line} holds a {_tag(node)}, which has no place here")
        try:
            value = self._loader.construct_object(node)
        except _IMPOSSIBLE as error:
            raise _FaultError(f"Line {line} holds {shown(node.value)}, which cannot be: {_reason(error)}") from error
        return node.value if _tag(node) == "timestamp" else value

    def _mapping(self, node: yaml.MappingNode, inner: tuple[int, ...]) -> _Object:
        found = _Object()
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                found.add(self._key(key), self.value(value, inner))
        for merged in self._merged(node, inner):
            for name, value in merged.items():
                found.setdefault(name, value)
        return found

    def _merged(self, node: yaml.MappingNode, inner: tuple[int, ...]) -> Iterator[_Object]:
        """The mappings that `<<` takes in, those that count first before others."""
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = self.value(one, inner)
                if not isinstance(merged, _Object):
                    raise _FaultError(f"Line {key.start_mark.line + 1}: << takes mappings only")
                yield merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _FaultError(f"Line {node.start_mark.line + 1} has a key that is no text")
        return str(node.value)


def _tag(node: yaml.Node) -> str:
    return str(node.tag).rpartition(":")[2]


def _reason(error: Exception) -> str:
    if "digits" in str(error):
        return "it has too many digits"
    return str(error) if isinstance(error, ValueError) else "its tag says something else"
