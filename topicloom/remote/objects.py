"""The objects below one address: read, put whole, put under a condition, listed, removed.

obstore does it: object_store of Apache Arrow, in Rust, one wheel without further dependencies, for S3, Google and Azure
alike; and its puts take conditions (`If-None-Match: *`, `If-Match`), on which everything here rests.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from topicloom.errors import InputError, Problem
from topicloom.remote.address import Address, AddressError
from topicloom.remote.faults import RemoteUnavailableError, passing, plain, told
from topicloom.remote.variables import stated_number

PATIENCE: Final = "TOPICLOOM_STORE_PATIENCE"
_PATIENCE_SECONDS: Final = 60.0  # for one request with all its tries
_BLOCK: Final = 8 << 20  # bytes of one request: short enough to be tried again, long enough to be worth one
_TRIES: Final = 3
_SIDE_BY_SIDE: Final = 8
_T = TypeVar("_T")

_MEMORY: dict[str, Any] = {}  # stores of memory:// by bucket, for as long as the process lives
_memory_lock = threading.Lock()


@dataclass(frozen=True)
class Found:
    """An object as it was found. modified: by the store's clock; content: empty where only its head was asked for."""

    name: str
    etag: str
    size: int
    modified: datetime
    content: bytes = b""


class DamagedObjectError(RemoteUnavailableError):
    """An object is not as it was written."""


class Objects:
    """The objects below an address; names are relative to it, with slashes.

    Args:
        address: Where they lie.

    Raises:
        AddressError: The library is not installed.

    Example:
        >>> from topicloom.remote.address import address_of
        >>> objects = Objects(address_of("memory://example/wos"))
        >>> first = objects.create("manifest.json", b"{}")
        >>> objects.create("manifest.json", b"[]") is None
        True
        >>> objects.replace("manifest.json", b"[]", first) != first
        True
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._library = _obstore(address)
        self._store = _opened(address)

    def below(self, name: str) -> Objects:
        """The objects below a name."""
        inner = object.__new__(Objects)
        inner.address, inner._library, inner._store = self.address.below(name), self._library, self._store
        return inner

    def get(self, name: str) -> Found | None:
        """An object with its content; None where there is none."""

        def read() -> Found:
            answer = self._library.get(self._store, self._key(name))
            content = bytes(answer.bytes())
            if len(content) != answer.meta["size"]:
                raise OSError(f"{len(content)} of {answer.meta['size']} bytes came")
            return _found(name, answer.meta, content)

        return self._asked(name, read)

    def head(self, name: str) -> Found | None:
        """An object without its content; None where there is none."""
        return self._asked(name, lambda: _found(name, self._library.head(self._store, self._key(name))))

    def fetch(self, name: str, path: Path, found: Found) -> str:
        """Write the content of an object into a file, block by block; returns its SHA-256.

        Args:
            name: Of the object.
            path: The file; it is written anew.
            found: The object as it was listed. Only this version of it is taken.

        Raises:
            DamagedObjectError: It has another version by now, has gone, or is shorter than it says.
        """
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for start in range(0, found.size, _BLOCK):
                end = min(start + _BLOCK, found.size)
                block = self._block(name, start, end, found.etag)
                digest.update(block)
                file.write(block)
        return digest.hexdigest()

    def _block(self, name: str, start: int, end: int, etag: str) -> bytes:
        def read() -> bytes:
            options = {"range": (start, end), "if_match": etag}
            try:
                block = bytes(self._library.get(self._store, self._key(name), options=options).bytes())
            except self._library.exceptions.PreconditionError as error:
                raise DamagedObjectError(f"{self.address.below(name)}: the object has changed meanwhile.") from error
            if len(block) != end - start:
                raise OSError(f"{len(block)} of {end - start} bytes came")
            return block

        found = self._asked(name, read)
        if found is None:
            raise DamagedObjectError(f"{self.address.below(name)}: the object is gone.")
        return found

    def put(self, name: str, content: bytes | Path) -> str:
        """Put an object, whatever is there; returns its etag. It is there whole, or not at all."""
        source: Any = content

        def write() -> str:
            answer = self._library.put(self._store, self._key(name), source, chunk_size=_BLOCK, max_concurrency=4)
            return str(answer["e_tag"])

        return self._told(name, lambda: self._tried(write), writing=True)

    def create(self, name: str, content: bytes) -> str | None:
        """Put an object where there is none; returns its etag, or None where there is one already."""
        exceptions = self._library.exceptions

        def write() -> str | None:
            try:
                return str(self._library.put(self._store, self._key(name), content, mode="create")["e_tag"])
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                return self._ours(name, content)

        return self._told(name, lambda: self._tried(write), writing=True)

    def replace(self, name: str, content: bytes, etag: str) -> str | None:
        """Put an object in the place of the version with an etag; returns the new etag, or None where that has gone."""
        exceptions = self._library.exceptions

        def write() -> str | None:
            mode = {"e_tag": etag}
            try:
                return str(self._library.put(self._store, self._key(name), content, mode=mode)["e_tag"])
            except (exceptions.PreconditionError, exceptions.AlreadyExistsError, FileNotFoundError):
                return self._ours(name, content)

        return self._told(name, lambda: self._tried(write), writing=True)

    def _ours(self, name: str, content: bytes) -> str | None:
        """The etag of an object that is as we wanted to write it: an earlier try has, and its answer was lost."""
        found = self.get(name)
        return found.etag if found is not None and found.content == content else None

    def listing(self, prefix: str = "") -> list[Found]:
        """Every object below a name, however deep, without its content."""
        start = self._key(prefix)

        def read() -> list[Found]:
            listed = self._library.list(self._store, start or None).collect()
            return [_found(self._name(meta["path"]), meta) for meta in listed]

        return self._asked(prefix, read) or []

    def level(self, prefix: str = "") -> tuple[list[Found], list[str]]:
        """The objects right below a name, and the names that are as folders there."""
        start = self._key(prefix)

        def read() -> tuple[list[Found], list[str]]:
            listed = self._library.list_with_delimiter(self._store, start or None)
            objects = [_found(self._name(meta["path"]), meta) for meta in listed["objects"]]
            return objects, [self._name(path) for path in listed["common_prefixes"]]

        return self._asked(prefix, read) or ([], [])

    def delete(self, names: Iterable[str]) -> None:
        """Remove objects; one that is not there is no fault."""
        side_by_side([partial(self._delete, name) for name in names])

    def _delete(self, name: str) -> None:
        def remove() -> None:
            with contextlib.suppress(FileNotFoundError):
                self._library.delete(self._store, self._key(name))

        self._told(name, lambda: self._tried(remove), writing=True)

    def now(self) -> datetime:
        """The time by the store's own clock: that of an object which is put for it."""
        self.put(_CLOCK, secrets.token_bytes(8))
        found = self.head(_CLOCK)
        if found is None:
            raise RemoteUnavailableError(f"{self.address}: an object that was put is not there.")
        return found.modified

    def require_conditions(self) -> None:
        """See that the store obeys conditions, by two puts that it must refuse.

        Raises:
            AddressError: It does not, so that two workers would overwrite each other's work.
        """
        name = f"probe-{secrets.token_hex(8)}"
        try:
            first = self.create(name, b"1")
            obeys = first is not None and self.create(name, b"2") is None
            obeys = obeys and self.replace(name, b"3", '"0123456789abcdef0123456789abcdef"') is None
            obeys = obeys and first is not None and self.replace(name, b"4", first) is not None
        except NotImplementedError:
            obeys = False
        finally:
            with contextlib.suppress(NotImplementedError, InputError, RemoteUnavailableError):
                self.delete([name])
        if not obeys:
            hint = " A folder needs no file://; give its path." if self.address.scheme == "file" else ""
            raise AddressError(
                str(self.address),
                Problem(
                    "This store does not obey conditions (If-None-Match, If-Match): of two workers one would overwrite "
                    f"what the other has written, unseen.{hint}",
                    "Use a store that does, such as Amazon S3, MinIO, Ceph, Google or Azure in their present versions; "
                    "or keep the project in a folder.",
                ),
            )

    def _asked(self, name: str, read: Callable[[], _T]) -> _T | None:
        try:
            return self._told(name, lambda: self._tried(read), writing=False)
        except FileNotFoundError:
            return None

    def _tried(self, call: Callable[[], _T]) -> _T:
        """What a call returns; one whose connection broke is made again, since each may be made twice."""
        for left in reversed(range(_TRIES)):
            try:
                return call()
            except FileNotFoundError:
                raise
            except (OSError, self._library.exceptions.GenericError) as error:
                if not left or "status code" in str(error):  # the library itself has asked again
                    raise
        raise AssertionError("the last try returns or raises")

    def _told(self, name: str, call: Callable[[], _T], *, writing: bool) -> _T:
        try:
            return call()
        except (InputError, RemoteUnavailableError, NotImplementedError):
            raise
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or writing:
                raise told(self.address.below(name), error, writing=writing) from passing(str(error))
            raise
        except (OSError, self._library.exceptions.BaseError, ValueError) as error:
            fault = told(self.address.below(name), error, writing=writing)
            if isinstance(fault, AddressError):
                raise fault from None  # what the library says may hold what it has sent
            raise fault from passing(str(error).partition("\n")[0])

    def _key(self, name: str) -> str:
        return f"{self.address.path}/{name}".strip("/")

    def _name(self, key: str) -> str:
        return key.removeprefix(self.address.path).strip("/")


_CLOCK: Final = "clock"


def side_by_side(calls: Sequence[Callable[[], _T]]) -> list[_T]:
    """What calls return, some of them made at once; the first fault is raised when all that were begun are over."""
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def _found(name: str, meta: Any, content: bytes = b"") -> Found:
    return Found(name, str(meta["e_tag"]), int(meta["size"]), meta["last_modified"], content)


def _obstore(address: Address) -> Any:
    try:
        import obstore
        import obstore.exceptions
    except ImportError:
        raise AddressError(
            str(address),
            Problem(
                "For an object store topicloom needs the library obstore, which is not installed.",
                "Install it: pip install 'topicloom[s3]'.",
            ),
        ) from None
    return obstore


def _opened(address: Address) -> Any:
    from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store

    if address.scheme == "memory":
        with _memory_lock:
            return _MEMORY.setdefault(address.bucket, MemoryStore())
    if address.scheme == "file":
        return LocalStore("/")
    seconds = patience()
    options: dict[str, Any] = {
        "client_options": {
            "connect_timeout": timedelta(seconds=min(5.0, seconds)),
            "read_timeout": timedelta(seconds=seconds / 2),
            "timeout": timedelta(seconds=2 * seconds),
        },
        "retry_config": {
            "max_retries": 6,
            "retry_timeout": timedelta(seconds=seconds),
            "backoff": {"init_backoff": timedelta(seconds=min(0.2, seconds / 20)), "max_backoff": timedelta(seconds=5)},
        },
    }
    kind: Any = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[address.scheme]
    if address.scheme == "s3":
        options["client_options"]["allow_http"] = True  # the endpoint that a person names, such as one of their own
    try:
        return kind(address.bucket, **options)
    except (ValueError, TypeError, _obstore(address).exceptions.BaseError) as error:
        what = plain(str(error)).partition("\n")[0]
        problem = Problem(f"The store cannot be opened ({what}).", "Correct the variables of the environment.")
        raise AddressError(str(address), problem) from None


def patience() -> float:
    """Seconds that one request may take with all its tries. Raises AddressError for what is no number of them."""
    allowed = "a number of seconds above 0, at most 3600"
    return stated_number(PATIENCE, _PATIENCE_SECONDS, lambda seconds: 0 < seconds <= 3600, allowed)
