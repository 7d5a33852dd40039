"""Which host may be sent the key of a language model: the environment decides it, not a settings file."""

from __future__ import annotations

import ipaddress
import os
from typing import Final
from urllib.parse import urlsplit

from topicloom.errors import Problem, SettingsError
from topicloom.settings.outputs import LanguageModelSettings
from topicloom.settings.schema import Settings

ADMITTED_KEYS: Final = "TOPICLOOM_API_KEYS"
OPENAI: Final = "https://api.openai.com/v1"
OPENAI_KEY: Final = "OPENAI_API_KEY"


def address_of(settings: LanguageModelSettings) -> str:
    """The address that questions go to."""
    return settings.base_url or OPENAI


def host_of(settings: LanguageModelSettings) -> str:
    """The host that questions go to, with its port where the address states one."""
    parts = urlsplit(address_of(settings))
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def admitted_hosts(variable: str) -> set[str]:
    """The hosts that may be sent the key in an environment variable, each as it is stated: a host or http://host."""
    listed = (entry.partition("=") for entry in os.environ.get(ADMITTED_KEYS, "").replace(",", " ").split())
    hosts = {host.lower().removeprefix("https://").rstrip("/") for name, _, host in listed if name == variable}
    return hosts | {"api.openai.com"} if variable == OPENAI_KEY else hosts


def may_have_key(settings: LanguageModelSettings) -> bool:
    """Whether the host of the settings may be sent the key that they name.

    Over http, where all who carry it on can read it, only this machine may, or a host that is admitted as http://host.
    """
    admitted, host = admitted_hosts(settings.api_key_variable), host_of(settings)
    return f"http://{host}" in admitted or (host in admitted and _is_read_by_nobody_else(settings))


def _is_read_by_nobody_else(settings: LanguageModelSettings) -> bool:
    """Whether what is sent to the address of the settings is encrypted, or does not leave this machine."""
    parts = urlsplit(address_of(settings))
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(parts.hostname)).is_loopback
    except ValueError:  # a name
        return False


def require_key(settings: Settings) -> None:
    """Raise SettingsError where a language model is asked for, and its key is not there or its host may not have it."""
    wanted = settings.tmo.names.language_model
    if not wanted.model:
        return
    if wanted.base_url is None and not os.environ.get(wanted.api_key_variable):
        raise SettingsError(
            settings.source,
            Problem(
                f"tmo.names.language_model.model is {wanted.model!r}, and the environment variable "
                f"{wanted.api_key_variable} that must hold its key is not set.",
                "Set the variable, name another in api_key_variable, state the base_url of an endpoint of your own, or "
                "leave model out.",
            ),
        )
    host, variable = host_of(wanted), wanted.api_key_variable
    if may_have_key(wanted):
        return
    if host in admitted_hosts(variable):
        raise SettingsError(
            settings.source,
            Problem(
                f"tmo.names.language_model would send {variable} to {host} over http, where all on the way can read "
                "it.",
                f"Let base_url begin with https://. Where you trust the way too, set {ADMITTED_KEYS}={variable}="
                f"http://{host} in the environment of the run.",
            ),
        )
    if variable != OPENAI_KEY:
        raise SettingsError(
            settings.source,
            Problem(
                f"tmo.names.language_model would send {variable} to {host}, and nothing in "
                "the environment allows that.",
                f"Where you trust that host with it, set {ADMITTED_KEYS}={variable}={host} "
                "in the environment of the run; an endpoint without a key needs no api_key_variable.",
            ),
        )
