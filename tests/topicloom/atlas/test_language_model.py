"""Names by a language model, against an OpenAI-compatible endpoint on this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.topicloom.atlases import small_atlas
from tests.topicloom.report.test_report import page_of, unpacked
from topicloom.atlas.group_names import group_questions, renamed_groups
from topicloom.atlas.language_model import GroupQuestion, Question
from topicloom.errors import SettingsError
from topicloom.settings.checks import require_fitting_settings
from topicloom.settings.keys import may_have_key, require_key
from topicloom.settings.outputs import LanguageModelSettings
from topicloom.settings.reading import read_settings
from topicloom.stages.topic_names import name_topics
from topicloom.store.store import Store


class Endpoint:
    """Answers chat completions as it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.keys: list[str | None] = []
        self.answer = lambda number: (200, f'"Name {number}."', 50)
        self.wait = 0.0
        self.raw = None  # writes an answer of its own
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(body)
                outer.keys.append(self.headers.get("Authorization"))
                time.sleep(outer.wait)
                if outer.raw is not None:
                    outer.raw(self)
                    return
                status, text, tokens = outer.answer(len(outer.asked))
                message = {"role": "assistant", "content": text}
                answer = {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": body["model"],
                    "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                    "usage": {"prompt_tokens": tokens - 5, "completion_tokens": 5, "total_tokens": tokens},
                }
                content = json.dumps(answer if status == 200 else {"error": {"message": text or "no"}}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


QUESTIONS = {topic: Question([f"word{topic}", "shared"], [f"A title of topic {topic}"]) for topic in range(4)}


def settings_for(endpoint, **more) -> LanguageModelSettings:
    return LanguageModelSettings(model="small", base_url=endpoint.url, retries=0, **more)


def test_names_are_asked_once_and_kept_per_topic(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    monkeypatch.setenv("TOPICLOOM_API_KEYS", f"OTHER=example.org MY_KEY={endpoint.host}")
    settings, store = settings_for(endpoint, api_key_variable="MY_KEY"), Store(tmp_path / ".topicloom")
    found = name_topics(QUESTIONS, settings, store)
    assert found.names == {topic: f"Name {topic + 1}" for topic in range(4)}
    assert found.unnamed == {}
    assert found.tokens == 200
    assert endpoint.keys[0] == "Bearer secret"
    assert "word0, shared" in endpoint.asked[0]["messages"][1]["content"]
    assert "A title of topic 0" in endpoint.asked[0]["messages"][1]["content"]
    again = name_topics({**QUESTIONS, 9: Question(["new"], [])}, settings, store)
    assert len(endpoint.asked) == 5
    assert again.names[3] == "Name 4"
    assert set(again.parts.values()) >= set(found.parts.values())
    assert not any("secret" in path.read_text() for path in tmp_path.rglob("*.json"))


def test_the_budget_is_kept_and_the_next_run_goes_on(endpoint, tmp_path):
    store = Store(tmp_path / ".topicloom")
    endpoint.answer = lambda number: (200, f"Name {number}", 300)
    first = name_topics(QUESTIONS, settings_for(endpoint, budget=700), store)
    assert first.names == {0: "Name 1", 1: "Name 2"}
    assert set(first.unnamed) == {2, 3}
    assert "budget of 700 tokens" in first.unnamed[2]
    second = name_topics(QUESTIONS, settings_for(endpoint, budget=700), store)
    assert set(second.names) == {0, 1, 2, 3}
    assert len(endpoint.asked) == 4


def test_a_failing_endpoint_is_asked_once_and_costs_no_result(endpoint, tmp_path):
    endpoint.answer = lambda _: (500, "", 5)
    found = name_topics(QUESTIONS, settings_for(endpoint), Store(tmp_path / ".topicloom"))
    assert found.names == {}
    assert len(found.unnamed) == 4
    assert len(endpoint.asked) == 1


def test_an_answer_is_tried_again(endpoint, tmp_path):
    endpoint.answer = lambda number: (500, "", 5) if number == 1 else (200, "Name", 5)
    settings = settings_for(endpoint).model_copy(update={"retries": 1})
    assert name_topics({0: QUESTIONS[0]}, settings, Store(tmp_path / ".topicloom")).names == {0: "Name"}


def test_a_slow_answer_is_not_waited_for(endpoint, tmp_path):
    endpoint.wait = 3.0
    started = time.monotonic()
    found = name_topics(QUESTIONS, settings_for(endpoint, timeout=0.2), Store(tmp_path / ".topicloom"))
    assert set(found.unnamed) == {0, 1, 2, 3}
    assert time.monotonic() - started < 2.5


def test_an_empty_answer_leaves_one_topic_unnamed_and_the_others_go_on(endpoint, tmp_path):
    endpoint.answer = lambda number: (200, "  \n" if number == 2 else f"# {number} names\nand why", 5)
    found = name_topics(QUESTIONS, settings_for(endpoint), Store(tmp_path / ".topicloom"))
    assert found.names == {0: "1 names", 2: "3 names", 3: "4 names"}
    assert set(found.unnamed) == {1}


def test_a_key_that_is_missing_is_said_before_any_work(project, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    project.write_settings(names={"language_model": {"model": "gpt"}})
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        require_fitting_settings(read_settings(project.analysis), {"documents": 240, "zero_rows": []})
    project.write_settings(names={"language_model": {"model": "gpt", "base_url": "http://127.0.0.1:1/v1"}})
    require_fitting_settings(read_settings(project.analysis), {"documents": 240, "zero_rows": []})


KEY = "sk-0123456789-a-key-of-somebody"


@pytest.fixture
def log(monkeypatch) -> list[str]:
    """What the module says to its log, whatever earlier tests of the process have made of the log's levels."""
    said: list[str] = []
    own = logging.Logger("of this test", logging.INFO)
    own.addHandler(handler := logging.Handler())
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    monkeypatch.setattr("topicloom.atlas.language_model.logger", own)
    return said


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"])
def test_no_settings_file_sends_a_variable_to_a_host_of_its_choice(endpoint, tmp_path, monkeypatch, log, variable):
    monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    name_topics(QUESTIONS, settings_for(endpoint, api_key_variable=variable), Store(tmp_path / ".topicloom"))
    assert set(endpoint.keys) == {"Bearer none"}
    assert any(f"go to {endpoint.host}, without a key" in line for line in log)
    monkeypatch.setenv("TOPICLOOM_API_KEYS", f"{variable}={endpoint.host}")
    name_topics({9: Question(["a"], [])}, settings_for(endpoint, api_key_variable=variable), Store(tmp_path / "b"))
    assert endpoint.keys[-1] == f"Bearer {KEY}"
    assert any(f"go to {endpoint.host}, with the key in {variable}" in line for line in log)


def test_a_variable_for_a_host_that_may_not_have_it_is_refused_before_any_work(project, monkeypatch):
    monkeypatch.setenv("HOME_SECRET", KEY)
    stated = {"model": "m", "base_url": "http://evil.example:80/v1", "api_key_variable": "HOME_SECRET"}
    project.write_settings(names={"language_model": stated})
    facts = {"documents": 240, "zero_rows": []}
    with pytest.raises(SettingsError, match=r"HOME_SECRET=evil\.example:80") as error:
        require_fitting_settings(read_settings(project.analysis), facts)
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    ("variable", "address", "admitted", "may"),
    [
        ("OPENAI_API_KEY", "https://api.openai.com/v1", "", True),
        ("OPENAI_API_KEY", "http://api.openai.com/v1", "", False),
        ("LAB_KEY", "https://llm.example.org:8443/v1", "LAB_KEY=llm.example.org:8443", True),
        ("LAB_KEY", "https://llm.example.org/v1", "LAB_KEY=https://llm.example.org/", True),
        ("LAB_KEY", "http://llm.example.org:8443/v1", "LAB_KEY=llm.example.org:8443", False),
        ("LAB_KEY", "http://llm.example.org:8443/v1", "LAB_KEY=http://llm.example.org:8443", True),
        ("LAB_KEY", "https://llm.example.org:8443/v1", "LAB_KEY=http://llm.example.org:8443", True),
        ("LAB_KEY", "http://localhost:11434/v1", "LAB_KEY=localhost:11434", True),
        ("LAB_KEY", "http://127.0.0.1:11434/v1", "LAB_KEY=127.0.0.1:11434", True),
        ("LAB_KEY", "http://localhost.example.org/v1", "LAB_KEY=localhost.example.org", False),
        ("LAB_KEY", "http://127.0.0.1.example.org/v1", "LAB_KEY=127.0.0.1.example.org", False),
    ],
)
def test_no_key_goes_where_all_on_the_way_can_read_it(project, monkeypatch, variable, address, admitted, may):
    monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv("TOPICLOOM_API_KEYS", admitted)
    project.write_settings(names={"language_model": {"model": "m", "base_url": address, "api_key_variable": variable}})
    settings = read_settings(project.analysis)
    assert may_have_key(settings.tmo.names.language_model) is may
    if may:
        require_key(settings)
    else:
        with pytest.raises(SettingsError, match=rf"over http, where all on the way .*\n?.*{variable}=http://"):
            require_key(settings)


@pytest.mark.parametrize(
    "address",
    [
        "https://user:pass-word@h/v1",
        "https://h/v1?key=pass-word",
        "https://h/#pass-word",
        "file:///etc/passwd",
        "h",
        "http://[",
        "http://h:99999/",
    ],
)
def test_an_address_holds_no_secret(project, address):
    project.write_settings(names={"language_model": {"model": "m", "base_url": address}})
    with pytest.raises(SettingsError, match="base_url: it must") as error:
        read_settings(project.analysis)
    assert "pass-word" not in str(error.value)


def unnamed(endpoint, tmp_path, **more) -> str:
    found = name_topics({0: QUESTIONS[0]}, settings_for(endpoint, **more), Store(tmp_path / ".topicloom"))
    assert found.names == {}
    return found.unnamed[0]


def with_key(endpoint, monkeypatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("TOPICLOOM_API_KEYS", f"MY_KEY={endpoint.host}")


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
def test_an_endpoint_that_repeats_the_key_is_not_repeated(endpoint, tmp_path, monkeypatch, caplog, status):
    with_key(endpoint, monkeypatch)
    caplog.set_level("DEBUG")
    endpoint.answer = lambda _: (status, f"the key {KEY} is wrong", 5)
    assert KEY not in unnamed(endpoint, tmp_path, api_key_variable="MY_KEY")
    assert KEY not in caplog.text
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def drip(handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):  # nobody listens any more
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.05)


def flood(handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(64):
            handler.wfile.write(b" " * (1 << 16))


def redirect(handler) -> None:
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:9/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def nonsense(handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"[[[[")


@pytest.mark.parametrize(
    ("raw", "said"),
    [(drip, "within 0.5 seconds"), (flood, "longer than 1 MB"), (redirect, "status 307"), (nonsense, "another form")],
)
def test_an_answer_is_bounded_in_time_and_size(endpoint, tmp_path, raw, said):
    endpoint.raw = raw
    assert said in unnamed(endpoint, tmp_path, timeout=0.5 if raw is drip else 20.0)


GROUPS = {
    (0, code): GroupQuestion(f"words {code}", [f"topic {code}", "another"], [f"A title of group {code}"])
    for code in (1, 2)
}


def test_groups_are_named_and_summed_up_in_two_sentences(endpoint, tmp_path):
    store = Store(tmp_path / ".topicloom")
    texts = ["**Fine group**\n\nIt is on <b>maps</b>. It differs in scale! A third one is cut.", "Name alone"]
    endpoint.answer = lambda number: (200, texts[number - 1], 90)
    found = name_topics(GROUPS, settings_for(endpoint), store)
    assert found.names == {(0, 1): "Fine group", (0, 2): "Name alone"}
    assert found.summaries == {(0, 1): "It is on <b>maps</b>. It differs in scale!"}
    assert set(found.parts) == {"language-model-name/group-0-1", "language-model-name/group-0-2"}
    sent = endpoint.asked[0]["messages"]
    assert "two sentences" in sent[0]["content"]
    assert "topic 1; another" in sent[1]["content"]
    assert endpoint.asked[0]["max_tokens"] == 200
    again = name_topics(GROUPS, settings_for(endpoint), store)
    assert (again.names, again.summaries) == (found.names, found.summaries)
    assert len(endpoint.asked) == 2


def test_topics_and_groups_share_the_budget(endpoint, tmp_path):
    found = name_topics(GROUPS, settings_for(endpoint, budget=1000), Store(tmp_path / ".topicloom"), spent=900)
    assert found.names == {}
    assert "budget of 1000 tokens" in found.unnamed[(0, 1)]
    assert endpoint.asked == []


def test_groups_are_asked_for_and_shown_under_their_names():
    atlas = small_atlas(20)
    questions = group_questions(atlas)
    last = atlas.levels.shape[1] - 1
    several = atlas.groups[(atlas.groups["Level"] < last) & (atlas.groups["Topics"] > 1)]
    assert set(questions) <= set(zip(several["Level"], several["Code"], strict=True))
    assert questions
    assert all(0 < len(question.topics) <= 12 and question.titles for question in questions.values())
    found = renamed_groups(
        atlas.groups, dict.fromkeys(questions, "<b>One</b> name"), dict.fromkeys(questions, "Two. <i>S</i>.")
    )
    for _, level in found.groupby("Level"):
        assert level["Label"].is_unique
    page = unpacked(page_of(dataclasses.replace(atlas, groups=found)))
    assert sum(group[6] == "Two. <i>S</i>." for group in page["groups"]) == len(questions)
