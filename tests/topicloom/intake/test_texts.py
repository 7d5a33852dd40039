"""Texts as a reader would want them."""

from __future__ import annotations

from collections import Counter

import pytest

from topicloom.intake.texts.cleaning import cleaned, embedded_text
from topicloom.intake.texts.labels import without_labels
from topicloom.intake.texts.latex import without_formulas, without_latex
from topicloom.intake.texts.letters import plain_letters
from topicloom.intake.texts.markup import without_markup
from topicloom.intake.texts.rights import without_rights
from topicloom.intake.texts.titles import plain_title


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("R&amp;D and S&amp;amp;P", "R&D and S&P"),
        ("p &lt; 0.05 and n > 10, a<b", "p < 0.05 and n > 10, a<b"),
        ("H<sub>2</sub>O, 10<sup>-3</sup> m", "H2O, 10-3 m"),
        ("in <sup>13</sup>C", "in 13C"),
        ("β\n\t\t<sub>2</sub>-agonist", "β2-agonist"),
        ("&lt;i&gt;E. coli&lt;/i&gt; grows", "E. coli grows"),
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", " One.  Two. "),
        (
            '<mml:math xmlns:mml="x"><mml:msub> <mml:mi>x</mml:mi>\n<mml:mn>2</mml:mn></mml:msub><mml:annotation>x_2'
            "</mml:annotation></mml:math> is",
            "x2 is",
        ),
        ("AT&T; x &unknown; y", "AT&T; x &unknown; y"),
        ("a <b and c> d", "a <b and c> d"),
    ],
)
def test_markup_goes_and_its_words_stay(raw, plain):
    assert without_markup(raw) == plain


def test_latex():
    assert without_latex(r"{\'E}t{\'e} in the {DNA} of 5\% and 7% na{\"\i}ve") == "Été in the DNA of 5% and 7% naïve"
    document = r"an \documentclass[12pt]{minimal} \usepackage{amsmath} \begin{document}$$\alpha$$\end{document} wave"
    assert without_formulas(document) == "an α wave"
    assert without_formulas(r"costs $5 and \$6, M\"uller") == r"costs $5 and \$6, Müller"


def test_letters():
    assert plain_letters("soft\u00adhyphen of\ufb01ce\u200b  a\u0308\r\nx\x00y") == "softhyphen office ä x y"


@pytest.mark.parametrize(
    "raw",
    [
        "It works. (c) 2017 Wiley Periodicals, Inc. J. Polym. Sci., Part B: Polym. Phys. 2017, 55, 980-989",
        "It works. (C) 2012 American Institute of Physics. [http://dx.doi.org/10.1063/1.4764336]",
        "It works. © 2024 Elsevier Ltd. All rights are reserved, including those for text and data mining, AI training, and "
        "similar technologies.",
        "© 2019 Elsevier Ltd. It works.",
        "It works. © 2024 authors. Published by the American Physical Society. Published by the American Physical Society "
        'under the terms of the "https://creativecommons.org/licenses/by/4.0/"Creative Commons Attribution 4.0 '
        "International license. Further distribution of this work must maintain attribution to the author(s) and the "
        'published article\'s title, journal citation, and DOI. Funded by "https://www.kb.se/x.html"Bibsam.',
        "It works. (©) RSNA, 2016.",
        "It works. © 2018. The Author(s).",
        "It works. © 2013 CERN. The Authors. Published by Elsevier B.V. All rights reserved.",
        "It works. All rights reserved - © Copyright 2014 IEEE.",
        "It works. (C) 2013 CERN. The Authors.",
        "It works. All rights reserved -",
        "It works. © Pleiades Publishing, Ltd. 2024. ISSN 1063-7834, Physics of the Solid State, 2024, Vol. 66, No. 8, "
        "pp. 235-244. Pleiades Publishing, Ltd., 2024.",
        "It works (a) here, (b) there. (C) 2019 The Authors. Published by Elsevier B.V.",
        "It works. (C) 2014 Author(s). All article content, except where otherwise noted, is licensed under a Creative "
        "Commons Attribution 3.0 Unported License",
        "It works. Content from this work may be used under the terms of the Creative Commons Attribution 3.0 licence.",
        "It works. (C) 2009 Elsevier B.V. All rights reserved.",
    ],
)
def test_rights_notices_are_cut(raw):
    assert without_rights(raw).replace(" (a) here, (b) there", "") == "It works."


def test_a_text_about_rights_stays():
    for text in (
        *("We study copyright law. It changed in 2019.", "Text and data mining of rights, in law, is new."),
        *("We ask who cites whom. The authors.", "This work is under way.", "Licences of Creative Commons are ours."),
        *("We map (a) works, (b) people, and (c) the words.", "We ask (A) who, (B) where, (C) by whom."),
        "We map (a) works, (b) people and (c) places. The authors of all of them are known, and have an ISSN.",
    ):
        assert without_rights(text) == text


def test_labels_are_cut_where_a_part_begins():
    assert without_labels("BACKGROUND: A b. METHODS: C: d. Results and Conclusions: E.") == "A b. C: d. E."
    assert (
        without_labels("We compare methods: A and B. DNA: a review.") == "We compare methods: A and B. DNA: a review."
    )


def test_titles():
    assert plain_title("[Die Wirkung von X auf Y].") == "Die Wirkung von X auf Y"
    assert plain_title("[18F]FDG in man") == "[18F]FDG in man"
    assert plain_title("NOVEL RGB MAPS OF PART II AND GILBERT", "Our RGB maps by Gilbert.") == (
        "Novel RGB maps of part II and Gilbert"
    )
    assert plain_title("DNA") == "DNA"


def test_a_record_keeps_what_it_was():
    counts = Counter()
    fields = cleaned({"TI": "A &amp; B", "AB": "AIM: See this. © 2019 IEEE.", "DE": "nan"}, counts)
    assert fields == {
        "TI": "A & B",
        "AB": "AIM: See this.",
        "TI_original": "A &amp; B",
        "AB_original": "AIM: See this. © 2019 IEEE.",
    }
    assert counts["rights notices cut"] == 1
    assert cleaned({"TI": "T", "AB": "[No abstract available]"}, counts) == {
        "TI": "T",
        "AB_original": "[No abstract available]",
    }
    assert cleaned({"TI": "T", "AB": "nan"}, counts) == {"TI": "T"}
    assert embedded_text("A & B", "AIM: See this.", counts) == "A & B. See this."
    assert counts["labels of parts cut"] == 1
