"""Where questions to a language model go, and which key goes with them: settings name both, the environment decides.

Settings files are shared, so they cannot be what sends a variable of somebody's environment to a host of their choice.
A key goes to a host only where the environment of the run says so: OPENAI_API_KEY to OpenAI, and what the variable
TOPICLOOM_API_KEYS lists, as in TOPICLOOM_API_KEYS="MISTRAL_API_KEY=api.mistral.ai LAB_KEY=llm.example.org:8443".
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Final

from topicloom.settings.keys import address_of, host_of, may_have_key
from topicloom.settings.outputs import LanguageModelSettings

NO_KEY: Final = "none"
_MOST_BYTES = 1 << 20  # of one answer, which has 40 tokens


class EndpointError(Exception):
    """The endpoint gave no answer. Its text holds no word of the endpoint's, which may repeat the key."""


def told(settings: LanguageModelSettings) -> str:
    """Which host gets what, as a sentence for the log.

    Args:
        settings: Of the language model.

    Returns:
        The sentence; it names the variable that holds the key, never the key.

    Example:
        >>> told(LanguageModelSettings(base_url="http://localhost:11434/v1", model="qwen3"))
        'Keywords and titles of topics go to localhost:11434, without a key.'
    """
    key = f"with the key in {settings.api_key_variable}" if _key(settings) != NO_KEY else "without a key"
    return f"Keywords and titles of topics go to {host_of(settings)}, {key}."


def connect(settings: LanguageModelSettings, instructions: str, most_tokens: int) -> Callable[[str], tuple[str, int]]:
    """Make a function that asks one question.

    It returns the answer and its tokens, 0 where the endpoint doesn't say, and raises EndpointError where it has no
    answer. One question takes `timeout` seconds for each try at most, however slowly the endpoint sends, and 1 MB.

    Args:
        settings: Of the language model. Nothing is sent before the first question.
        instructions: What the model is told before each question.
        most_tokens: Of an answer.

    Returns:
        The function.

    Raises:
        RuntimeError: The package openai is not installed.

    Example:
        >>> settings = LanguageModelSettings(base_url="http://localhost:11434/v1", model="qwen3", timeout=1, retries=0)
        >>> callable(connect(settings, "Name the topic.", most_tokens=40))
        True
    """
    try:
        import openai
    except ImportError as error:
        raise RuntimeError("the package openai is not installed: pip install 'topicloom[names]'") from error
    for name in ("httpx", "httpx2"):  # on INFO they show the words of an answer's status, which may repeat the key
        logging.getLogger(name).setLevel(logging.WARNING)
    client = openai.OpenAI(
        base_url=address_of(settings),
        api_key=_key(settings),
        organization="",  # neither OpenAI's organisation nor its project, which the environment may hold, are sent
        project="",
        timeout=settings.timeout,
        max_retries=settings.retries,
        http_client=openai.DefaultHttpxClient(follow_redirects=False),  # the questions go to that host alone
    )

    def ask(question: str) -> tuple[str, int]:
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": question}]
        request = {"model": settings.model or "", "messages": messages, "max_tokens": most_tokens, "temperature": 0}
        seconds = settings.timeout * (settings.retries + 1)
        answer, tokens = _within(seconds, lambda: _answer(client, request))
        if len(_key(settings)) > len(NO_KEY) and _key(settings) in answer:
            raise EndpointError("the endpoint answered with the key")
        return answer, tokens

    return ask


def _key(settings: LanguageModelSettings) -> str:
    return (os.environ.get(settings.api_key_variable) if may_have_key(settings) else None) or NO_KEY


def _answer(client: Any, request: dict[str, Any]) -> tuple[str, int]:
    import openai
    from openai.types.chat import ChatCompletion

    try:
        with client.chat.completions.with_streaming_response.create(**request) as response:
            content = b""
            for piece in response.iter_bytes():
                content += piece
                if len(content) > _MOST_BYTES:
                    raise EndpointError(f"the endpoint's answer is longer than {_MOST_BYTES >> 20} MB")
        found = ChatCompletion.model_validate_json(content)
        return found.choices[0].message.content or "", found.usage.total_tokens if found.usage else 0
    except openai.APIStatusError as error:
        raise EndpointError(f"the endpoint refused with status {error.status_code}") from None
    except openai.APIError as error:
        raise EndpointError(f"the endpoint gave no answer ({type(error).__name__})") from None
    except (ValueError, IndexError):
        raise EndpointError("the endpoint's answer has another form than a chat completion") from None


def _within(seconds: float, work: Callable[[], tuple[str, int]]) -> tuple[str, int]:
    """Do some work on a thread of its own, which is left behind after so many seconds: a read cannot be broken off."""
    done: list[tuple[str, int]] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise EndpointError(f"the endpoint has not answered within {seconds:g} seconds")
    return done[0]
