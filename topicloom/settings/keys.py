"""Which host may be sent the key of a language model: the environment decides it, not a settings file."""

from __future__ import annotations

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
    """The hosts that may be sent the key in an environment variable."""
    listed = (entry.partition("=") for entry in os.environ.get(ADMITTED_KEYS, "").replace(",", " ").split())
    hosts = {host.lower() for name, _, host in listed if name == variable}
    return hosts | {"api.openai.com"} if variable == OPENAI_KEY else hosts


def may_have_key(settings: LanguageModelSettings) -> bool:
    """Whether the host of the settings may be sent the key that they name."""
    return host_of(settings) in admitted_hosts(settings.api_key_variable)


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
    if wanted.api_key_variable != OPENAI_KEY and not may_have_key(wanted):
        raise SettingsError(
            settings.source,
            Problem(
                f"tmo.names.language_model would send {wanted.api_key_variable} to {host_of(wanted)}, and nothing in "
                "the environment allows that.",
                f"Where you trust that host with it, set {ADMITTED_KEYS}={wanted.api_key_variable}={host_of(wanted)} "
                "in the environment of the run; an endpoint without a key needs no api_key_variable.",
            ),
        )
