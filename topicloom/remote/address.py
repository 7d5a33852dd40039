"""Addresses of places in an object store, such as s3://bucket/prefix/project, and where their local mirror lies."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from topicloom.errors import InputError, Problem

SCHEMES: Final = ("s3", "gs", "az", "memory", "file")
CACHE: Final = "TOPICLOOM_CACHE"
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
# A shell hands over s3://bucket; a Path makes s3:/bucket of it.
_FORM: Final = re.compile(rf"({'|'.join(SCHEMES)}):/+(.*)", re.DOTALL)
_PART: Final = re.compile(r"[^\x00-\x1f\\?#*]+")


class AddressError(InputError):
    """A place in an object store cannot be used as it is asked to.

    Args:
        address: The address, as a person knows it; never one with keys in it.
        problems: What is wrong, and how to mend it.
    """

    def __init__(self, address: str | Path, problems: list[Problem] | Problem) -> None:
        super().__init__(address, problems)
        self.address = str(address)

    def __reduce__(self) -> tuple[type[AddressError], tuple[str, list[Problem]]]:
        return type(self), (self.address, self.problems)

    def __str__(self) -> str:
        return "\n".join([f"{type(self).__name__}: {self.address}", *map(str, self.problems)])


@dataclass(frozen=True)
class Address:
    """A place in an object store.

    Args:
        scheme: s3, gs, az, memory or file.
        bucket: The bucket; empty for file.
        path: What is below the bucket, without slashes at its ends.

    Example:
        >>> address = address_of("s3://maps/group/wos/a01")
        >>> address.bucket, address.path, str(address)
        ('maps', 'group/wos/a01', 's3://maps/group/wos/a01')
    """

    scheme: str
    bucket: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.path}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    def below(self, name: str) -> Address:
        """A place below this one."""
        return Address(self.scheme, self.bucket, f"{self.path}/{name}".strip("/"))

    @property
    def mirror(self) -> Path:
        """Where the local mirror of this place lies. Another endpoint has another mirror of a bucket of that name."""
        return mirrors_folder() / f"{self.scheme}-{_endpoint_mark(self.scheme)}" / self.bucket / self.path


def is_address(text: str | Path) -> bool:
    """Whether a text, or what a Path has made of it, is an address and no path of a folder.

    Example:
        >>> is_address("s3://maps/wos"), is_address(Path("s3://maps/wos")), is_address("maps/wos")
        (True, True, False)
    """
    return _FORM.fullmatch(str(text)) is not None


def address_of(text: str | Path) -> Address:
    """The address that a text is.

    Raises:
        AddressError: It has keys in it, names no bucket, or holds what no name of an object should.
    """
    found = _FORM.fullmatch(str(text))
    if found is None:
        raise AddressError(
            text, Problem("It is no address of an object store.", "Write it as s3://BUCKET/PREFIX/PROJECT/ANALYSIS.")
        )
    scheme, rest = found.groups()
    if "@" in rest.partition("/")[0]:
        raise AddressError(
            f"{scheme}://...@{rest.rpartition('@')[2]}",
            Problem(
                "The address has something before an @, as where keys are written into it. Addresses stand in logs and "
                "on the pages of the server, so no key may be in one.",
                "Leave it out, and give the keys by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
            ),
        )
    bucket, _, path = ("", "", rest) if scheme == "file" else rest.partition("/")
    parts = [part for part in path.split("/") if part]
    if not bucket and scheme != "file":
        raise AddressError(text, Problem("It names no bucket.", f"Write it as {scheme}://BUCKET/PREFIX/PROJECT."))
    if any(part in (".", "..") or not _PART.fullmatch(part) for part in (*parts, bucket or "file")):
        raise AddressError(
            text,
            Problem(
                "It holds a part that no name of an object should have: '.', '..', or one of \\ ? # *.",
                "Give the objects another name.",
            ),
        )
    return Address(scheme, bucket, "/".join(parts))


def mirrors_folder() -> Path:
    """The folder of all local mirrors: below $TOPICLOOM_CACHE, else below the user's cache."""
    stated = os.environ.get(CACHE)
    home = Path(stated) if stated else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "topicloom"
    return home.absolute() / "mirrors"


def mirrored(path: Path) -> Address | None:
    """The address that a path in a local mirror stands for; None for every other path.

    Raises:
        AddressError: It is the mirror of another endpoint than the one that the environment names now.
    """
    try:
        mark, bucket, *rest = path.relative_to(mirrors_folder()).parts
    except ValueError:
        return None
    scheme = mark.partition("-")[0]
    if scheme == "file":
        return Address(scheme, "", "/".join((bucket, *rest)))
    if mark != f"{scheme}-{_endpoint_mark(scheme)}":
        raise AddressError(
            path,
            Problem(
                "This is the local mirror of an object store at another endpoint than the environment names now.",
                f"Set {_ENDPOINTS[1]} to the endpoint that it was made from, or give the address and no path.",
            ),
        )
    return Address(scheme, bucket, "/".join(rest))


def endpoint() -> str:
    """The endpoint of S3 that the environment names; empty for Amazon's own."""
    return next((value for name in _ENDPOINTS if (value := os.environ.get(name))), "")


def _endpoint_mark(scheme: str) -> str:
    return hashlib.sha256(endpoint().encode()).hexdigest()[:8] if scheme == "s3" and endpoint() else "own"
