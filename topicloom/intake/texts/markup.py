"""HTML, JATS and MathML in texts of databases: the tags go, their words stay."""

from __future__ import annotations

import html
import re

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_MOST_ROUNDS = 4  # of escaping that was escaped again
_ATTRIBUTES = r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?"
_NAMES = (
    "a|abstract|article-title|b|bold|blockquote|br|caption|center|code|disp-formula|div|em|font|formula|fn|h[1-6]|hr|i|"
    "img|inf|inline-formula|inter-ref|italic|label|li|list|list-item|monospace|named-content|o|ol|overline|p|roman|sc|"
    "sec|small|span|strike|strong|styled-content|su[bp]|subtitle|table|tbody|td|tex-math|th|thead|title|tr|tt|u|ul|underline|"
    "uri|xref|ext-link|alternatives|graphic|inline-graphic|email|section|break|math|m[a-z]{1,9}|semantics|annotation"
)
_TAG = re.compile(rf"<(/?)((?:[A-Za-z]+:)?(?:{_NAMES})){_ATTRIBUTES}>", re.IGNORECASE)
_BLOCKS = re.compile(
    r"(?:br|p|div|li|sec|title|tr|td|th|subtitle|h\d|section|label|list|list-item|break|caption|blockquote)\Z"
)
_MATH = re.compile(r"<((?:\w+:)?)math\b[^<>]*>(.*?)</\1math\s*>", re.IGNORECASE | re.DOTALL)
_ANNOTATION = re.compile(r"<((?:\w+:)?annotation(?:-xml)?)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[|\]\]>|<\?[^<>]*\?>", re.DOTALL)
_RAISED = re.compile(r"[ \t]*[\r\n]\s*(?=<su[bp]\b)|(?<=<sub>)\s+|(?<=<sup>)\s+|\s+(?=</su[bp]>)", re.IGNORECASE)


def without_markup(text: str) -> str:
    """A text with entities, also those escaped twice, as letters, and without tags; "p < 0.05" stays.

    Sub- and superscripts join the word that they belong to. Words of formulas stay, their annotations in TeX do not.
    """
    if "&" not in text and "<" not in text:
        return text
    for _ in range(_MOST_ROUNDS):
        plain = _without_tags(text)
        unescaped = _ENTITY.sub(lambda found: html.unescape(found.group()), plain) if "&" in plain else plain
        if unescaped == text:
            break
        text = unescaped
    return text


def _without_tags(text: str) -> str:
    if "<" not in text or ">" not in text:
        return text
    text = _RAISED.sub("", _COMMENT.sub("", text)) if text.count("<") > 1 else text
    if "math" in text:
        text = _MATH.sub(_of_formula, text)
    return _TAG.sub(lambda found: " " if _is_block(found.group(2)) else "", text)


def _of_formula(found: re.Match[str]) -> str:
    inner = re.sub(r"\s*(<[^<>]*>)\s*", r"\1", _ANNOTATION.sub("", found.group(2)))
    return re.sub(r"<[^<>]*>", "", inner)


def _is_block(name: str) -> bool:
    return bool(_BLOCKS.match(name.rpartition(":")[2].lower()))
