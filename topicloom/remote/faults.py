"""What an object store answers, in plain words: what was found, and how to mend it. No key is ever among them."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

from topicloom.errors import Problem, StoreError
from topicloom.remote.address import Address, AddressError, endpoint

_KEYS: Final = (
    *("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY"),
    *("AZURE_STORAGE_SAS_KEY", "AZURE_CLIENT_SECRET", "GOOGLE_SERVICE_ACCOUNT_KEY"),
)
_CODE: Final = re.compile(r"<Code>([A-Za-z]+)</Code>")
_METADATA: Final = ("169.254.169.254", "169.254.170.2", "metadata.google.internal")
_SIGNED: Final = re.compile(r"(?i)((?:signature|credential|security-token)[=:]\s*)[^&\s,]+")


class RemoteUnavailableError(StoreError):
    """An object store does not answer, or not as it should; that may pass."""


def plain(text: str) -> str:
    """A text without any key that the environment holds, and without what is signed by one."""
    for name in _KEYS:
        value = os.environ.get(name, "")
        if len(value) >= 4:
            text = text.replace(value, "***")
    return _SIGNED.sub(r"\1***", text)


def told(address: Address, error: BaseException, *, writing: bool) -> AddressError | RemoteUnavailableError:
    """What an error of the library means for a person, to be raised from its `__cause__`.

    Args:
        address: Of the object, or the place, that was asked for.
        error: What the library has raised.
        writing: Whether something was to be written.
    """
    text = str(error)
    code = next(iter(_CODE.findall(text)), "")
    kind = type(error).__name__
    if code == "NoSuchBucket" or (kind == "FileNotFoundError" and "NoSuchBucket" in text):
        return AddressError(
            str(address),
            Problem(
                f"There is no bucket {address.bucket} at {_place(address)}.",
                "Correct its name, or make it; topicloom makes no buckets.",
            ),
        )
    if code == "RequestTimeTooSkewed":
        return AddressError(
            str(address),
            Problem(
                "The store refuses what this machine signs, for the machine's clock is too far from the store's.",
                "Set the clock, such as by `timedatectl set-ntp true`, and run again.",
            ),
        )
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return AddressError(
            str(address),
            Problem(
                f"The bucket {address.bucket} is in another region than the environment names ({code}).",
                "Set AWS_REGION to the bucket's, such as AWS_REGION=eu-central-1.",
            ),
        )
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthFailure"):
        return AddressError(
            str(address),
            Problem(
                f"The store does not know these keys, or no longer ({code}).",
                "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, where the keys are "
                "temporary) in the environment.",
            ),
        )
    if any(host in text for host in _METADATA):
        return AddressError(
            str(address),
            Problem(
                "There are no keys for this store in the environment, and this machine has no role that gives some.",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_REGION where the bucket is in a region.",
            ),
        )
    if kind in ("PermissionDeniedError", "UnauthenticatedError") or code in ("AccessDenied", "AllAccessDisabled"):
        wanted = "written" if writing else "read"
        rights = "s3:PutObject and s3:DeleteObject" if writing else "s3:GetObject and s3:ListBucket"
        return AddressError(
            str(address),
            Problem(
                f"Nothing may be {wanted} there with these keys ({code or kind}).",
                f"Have them given {rights} for this place, or use other keys.",
            ),
        )
    return RemoteUnavailableError(
        f"{address}: {_place(address)} does not answer as it should ({_short(text)}). What was computed is kept "
        "on this machine. Look whether the store is up, and run again."
    )


def passing(text: str) -> OSError:
    """A fault that may be gone at the next try, as the system would raise it: runs try their stage again."""
    return OSError(errno.ETIMEDOUT, plain(text))


def _place(address: Address) -> str:
    own = {"s3": "Amazon S3", "gs": "Google Cloud Storage", "az": "Azure"}
    return (endpoint() if address.scheme == "s3" else "") or own.get(address.scheme, "this store")


def _short(text: str) -> str:
    """The heart of what the library says: the answer's status, or the fault of the connection."""
    text = plain(text).partition("Debug source")[0]
    status = re.search(r"status code: (\d{3}[^:<\n]*)", text)
    if status:
        return status[1].strip()
    last = [part.strip() for part in text.replace("\n", " ").split(" - ") if part.strip()][-1]
    return re.sub(r"\s+", " ", last)[:160]
