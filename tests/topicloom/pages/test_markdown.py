"""Labels, names of files and notes stand in Prefect's pages as texts."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from topicloom.pages.markdown import code, literal

HOSTILE = [
    "![x](https://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "<img src=https://evil.example/p.png>",
    "<javascript:alert(1)>",
    "\\[x](javascript:alert(1))",
    "a | b | c",
    "a`b`![x](http://e)",
    "line\n\n# heading ![x](http://e)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_link_an_image_or_a_tag(text):
    for written in (literal(text), code(text)):
        page = (
            MarkdownIt("commonmark")
            .enable("table")
            .render(f"| a | b |\n|---|---|\n| {written} | end |\n\n- {written}\n")
        )
        assert not any(tag in page for tag in ("<img", "<a ", "<h1"))
        assert page.count("<td>") == 2
        assert "<td>end</td>" in page


@pytest.mark.parametrize(
    "text",
    ["https://evil.example/x", "see http://evil.example", "FTP://evil.example", "www.evil.example", "a@evil.example"],
)
def test_no_bare_address_becomes_a_link(text):
    """Prefect's pages make links of them, as GitHub does."""
    written = literal(text)
    assert not re.search(r"(https?|ftp)://|www\.|\w@", written, re.IGNORECASE)
    assert MarkdownIt("commonmark").renderInline(written) == text


def test_a_plain_text_stays_as_it_is():
    assert literal("neural networks, 2 (of 3): t-SNE_x") == "neural networks, 2 (of 3): t-SNE_x"
    assert literal("ratio 1:2, e.g. @SUM, and/or") == "ratio 1:2, e.g. @SUM, and/or"
