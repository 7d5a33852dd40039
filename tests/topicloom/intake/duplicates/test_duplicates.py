from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.duplicates import noisy, over_seeds, read_set, score
from tests.conftest import SHARED
from topicloom.errors import InputError
from topicloom.intake.duplicates import LISTING, Decisions, find, merge, read_decisions, write_listing
from topicloom.intake.duplicates.identifiers import doi
from topicloom.intake.duplicates.records import compared
from topicloom.intake.duplicates.rules import compare
from topicloom.intake.duplicates.wording import same_journal

ABSTRACT = (
    "Platforms organise paid work in new ways, and we follow two hundred couriers over a year to see how they plan. "
    * 3
)
PAPER = {
    **{"TI": "How couriers plan their days on digital platforms", "AU": "Meier, Anna; Okafor, Ben", "PY": "2019"},
    **{"SO": "Journal of Labour Studies", "VL": "12", "IS": "3", "BP": "101", "EP": "120"},
}


def table(*rows: dict[str, str]) -> pd.DataFrame:
    numbered = [{"file": "a.txt", "record": str(at + 1), "UT": f"U:{at}", **row} for at, row in enumerate(rows)]
    return pd.DataFrame(numbered).fillna("")


def groups(*rows: dict[str, str]) -> list[list[int]]:
    return find(table(*rows)).groups


@pytest.mark.parametrize(
    "text",
    [
        "10.1002/(SICI)1097(1)",
        "https://doi.org/10.1002/%28sici%291097%281%29",
        "DOI: 10.1002/(SICI)1097(1).",
        "10.1002/(sici)1097(1) [doi]",
    ],
)
def test_a_doi_has_one_spelling(text: str) -> None:
    assert doi(text) == "10.1002/(sici)1097(1)"


@pytest.mark.parametrize(
    "change",
    [
        {
            "TI": "How Couriers Plan their Days on Digital Platforms.",
            "AU": "Meier A, Okafor B",
            "BP": "101-20",
            "EP": "",
        },
        {"AU": "Anna Meier; Ben Okafor", "SO": "J Labour Stud", "VL": "", "BP": "", "EP": ""},
        {"TI": "[Wie Kuriere ihre Tage planen]", "AU": "MEIER, A; OKAFOR, B"},
        {"TI": "How couriers plan their days on digital platforms: evidence from two hundred diaries"},
        {"TI": "How couriers plan their days on digital plattforms", "DI": "10.1000/1"},
        {"PY": "2018", "VL": "", "IS": "", "BP": "", "EP": ""},  # early access
    ],
)
def test_one_paper_in_two_spellings(change: dict[str, str]) -> None:
    assert groups(PAPER, PAPER | change) == [[0, 1]]


@pytest.mark.parametrize(
    "change",
    [
        {"DI": "10.1000/2"},
        {"TI": f"Erratum to: {PAPER['TI']}", "BP": "300", "EP": "300"},
        {"TI": f"{PAPER['TI']} (vol 12, pg 101, 2019)", "BP": "300", "EP": "300"},
        {"TI": f"Retraction: {PAPER['TI']}", "BP": "300", "EP": "300"},
        {"TI": f"Reply to: {PAPER['TI']}", "BP": "300", "EP": "301"},
        {"TI": f"Comment on: {PAPER['TI']}", "BP": "300", "EP": "301"},
        {"SO": "arXiv", "VL": "", "IS": "", "BP": "", "EP": ""},
        {"SO": "Proceedings of the Conference on Work", "PY": "2018", "VL": "", "BP": "1", "EP": "8"},
        {"AU": "Nguyen, Linh; Petrov, Ivan"},
    ],
)
def test_two_papers_that_look_alike(change: dict[str, str]) -> None:
    assert groups(PAPER | {"DI": "10.1000/1"} if "DI" in change else PAPER, PAPER | change) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Part I", "Part II"),
        ("Part 1", "Part 2"),
        ("Part one", "Part two"),
        ("Annual report 2018", "Annual report 2019"),
        ("First edition", "Second edition"),
        ("evidence from men", "evidence from women"),
        ("", "Part II"),
    ],
)
def test_parts_editions_and_yearly_reports_stay_apart(one: str, other: str) -> None:
    bare = {"TI": PAPER["TI"], "AU": PAPER["AU"], "PY": "2019", "SO": PAPER["SO"]}
    titles = [f"{PAPER['TI']} {end}".strip() for end in (one, other)]
    assert groups(*(bare | {"TI": title} for title in titles)) == []


def test_numerals_and_words_are_one_number() -> None:
    bare = {"AU": PAPER["AU"], "PY": "2019", "SO": PAPER["SO"]}
    assert groups(bare | {"TI": f"{PAPER['TI']}: Part II"}, bare | {"TI": f"{PAPER['TI']}: Part two"}) == [[0, 1]]


def test_a_correction_that_repeats_its_articles_abstract_is_no_second_text() -> None:
    article = PAPER | {"DI": "10.1000/1", "AB": ABSTRACT}
    notice = article | {"TI": f"Erratum to - {PAPER['TI']}", "DI": "10.1000/2", "BP": "121", "EP": "121"}
    assert groups(article, notice) == [[0, 1]]


def test_an_editorial_is_a_duplicate_only_where_it_stands_in_the_same_place() -> None:
    editorial = PAPER | {"TI": "Editorial"}
    assert groups(editorial, editorial, editorial | {"IS": "4", "BP": "201", "EP": "202"}) == [[0, 1]]


@pytest.mark.parametrize(
    "change", [{"PY": "2020"}, {"VL": "13"}, {"IS": "4"}, {"VL": "", "IS": "4"}, {"IS": ""}, {"EP": "9"}]
)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Editorial Introduction", "Editorial Introduction"),
        ("Edtiorial Introduction", "Editoria lIntroduction"),
        ("Book Reviews", "Book Reviews"),
    ],
)
def test_a_column_that_returns_on_the_same_pages_is_another_text(one: str, other: str, change: dict[str, str]) -> None:
    first = PAPER | {"TI": one, "BP": "5", "EP": "6"}
    assert groups(first, first | {"TI": other} | change) == []
    assert groups(first, first | {"TI": other}) == [[0, 1]]


def test_a_title_that_returns_year_after_year_names_no_paper() -> None:
    column = PAPER | {"TI": "Remarks from the desk of our founders", "IS": "1", "BP": "", "EP": ""}
    years = [column | {"PY": str(2017 + at), "VL": str(10 + at)} for at in range(4)]
    assert groups(*years, column | {"PY": "2018", "VL": ""}) == []


def test_a_title_of_three_issues_names_no_paper_but_one_first_page_under_three_numbers_is_one_paper() -> None:
    column = PAPER | {"TI": "Remarks from the desk of our founders", "BP": "", "EP": ""}
    issues = [column | {"IS": str(at), "BP": str(100 * at)} for at in (1, 2, 3)]
    assert groups(*issues, column | {"PY": "2020", "VL": "", "IS": "2"}) == []
    assert groups(*(PAPER | {"IS": str(at)} for at in (34, 35, 1501))) == [[0, 1, 2]]


@pytest.mark.parametrize("title", ["Special section: pricing in networks", "Remarks on networks - editor's comments"])
def test_a_column_with_a_subject_is_told_by_its_place(title: str) -> None:
    one = PAPER | {"TI": title, "BP": "7", "EP": "13"}
    assert groups(one, one | {"PY": "2020", "VL": "", "IS": "4", "EP": "10"}) == []
    assert groups(one, one) == [[0, 1]]


def test_one_title_on_other_pages_of_another_issue_and_year_is_another_paper() -> None:
    assert groups(PAPER, PAPER | {"PY": "2020", "VL": "", "IS": "4", "EP": "104"}) == []


def test_two_conferences_share_more_than_the_words_of_every_conference() -> None:
    one = ("international", "conference", "information", "systems")
    assert same_journal(one, ("proceedings", "hawaii", "international", "conference", "system", "sciences")) is False
    assert same_journal(one, ("proc", "int", "conf", "inf", "syst")) is not False


def test_lettered_cases_are_two() -> None:
    one, other = (PAPER | {"TI": f"How a courier firm grew - Case {letter}", "BP": ""} for letter in "AB")
    assert groups(one, other | {"VL": ""}) == []


def test_another_year_and_another_issue_are_another_place() -> None:
    assert groups(PAPER | {"BP": "", "EP": ""}, PAPER | {"PY": "2018", "VL": "", "IS": "7", "BP": "9", "EP": ""}) == []


def test_journals_that_share_only_the_word_journal_are_two() -> None:
    words = [("journal", "heart", "lung", "transplantation"), ("american", "journal", "transplantation")]
    assert same_journal(*words) is False
    assert same_journal(words[0], ("journal", "heart", "transplantation")) is True


def test_noise_merges_no_two_editorials() -> None:
    editorials = [
        PAPER
        | {"TI": "Editorial Introduction", "DI": f"10.1000/{at}", "VL": str(at // 4), "IS": str(at % 4 + 1)}
        | {"PY": str(2000 + at // 4), "BP": "5--6", "EP": ""}
        for at in range(80)
    ]
    found = find(noisy(table(*editorials), seed=1)).groups
    assert sum(len(group) - 1 for group in found) == 0


def test_no_records_and_blank_ones() -> None:
    assert find(pd.DataFrame({"TI": []})).groups == []
    assert groups({"TI": ""}, {"TI": ""}) == []


def test_a_record_without_doi_does_not_chain_two_papers() -> None:
    found = groups(PAPER | {"DI": "10.1000/1"}, PAPER, PAPER | {"DI": "10.1000/2"})
    assert [len(group) for group in found] == [2]
    assert not {0, 2} <= set(found[0])


def test_the_doi_of_a_whole_volume_joins_nobody() -> None:
    other = PAPER | {
        "TI": "Sleep of nurses after night shifts in rural clinics",
        "AU": "Silva, Rosa",
        "BP": "7",
        "EP": "9",
    }
    assert groups(PAPER | {"DI": "10.1000/vol"}, other | {"DI": "10.1000/vol"}) == []


def test_merging_takes_the_best_of_each_field_and_tells_where_from() -> None:
    early = PAPER | {"PY": "2018", "VL": "", "IS": "", "BP": "", "EP": "", "DI": "10.1000/1", "AB": "", "TC": "3"}
    final = PAPER | {"DI": "https://doi.org/10.1000/1", "AB": ABSTRACT, "TC": "12"}
    both = table(early, final)
    kept, origins = merge(both, find(both))
    assert kept[["UT", "PY", "VL", "BP", "AB", "TC", "DI"]].values.tolist() == [
        ["U:0", "2019", "12", "101", ABSTRACT, "12", "10.1000/1"]
    ]
    assert {(row.field, row.from_record) for row in origins.itertuples()} >= {("AB", "2"), ("VL", "2"), ("TC", "2")}


def test_what_a_text_was_comes_from_where_the_text_comes_from() -> None:
    none = PAPER | {"DI": "10.1000/1", "AB": "", "AB_original": "[No abstract available]"}
    both = table(none, PAPER | {"DI": "10.1000/1", "AB": ABSTRACT, "AB_original": f"{ABSTRACT} (C) 2019"})
    assert merge(both, find(both))[0]["AB_original"].tolist() == [f"{ABSTRACT} (C) 2019"]
    both["AB_original"] = ["[No abstract available]", ""]
    assert merge(both, find(both))[0]["AB_original"].tolist() == [""]


def test_decisions_are_obeyed_and_kept(tmp_path: Path) -> None:
    other = {"TI": "Sleep of nurses after night shifts in rural clinics", "AU": "Silva, Rosa", "PY": "2001"}
    rows = table(PAPER, PAPER, other)
    path = tmp_path / "duplicates.csv"
    write_listing(find(rows), path)
    said = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert said[["kept_UT", "merged_UT", "merge"]].values.tolist() == [["U:0", "U:1", "yes"]]
    said.loc[0, "merge"] = "no"
    said.loc[1] = ["", "", "U:0", "", "", "U:2", "", "", "", ""]
    said.to_csv(path, index=False)
    for _ in range(2):
        found = find(rows, read_decisions(path))
        assert found.groups == [[0, 2]]
        write_listing(found, path)


@pytest.mark.parametrize("number", range(4))
def test_what_is_decided_of_a_record_holds_for_its_later_exports(number: int) -> None:
    """A database gives the record again, with the same UT: it does not become the other paper."""
    said = {**dict.fromkeys(LISTING, ""), "kept_UT": "U:0", "merged_UT": "U:1", "merge": "no"}
    paper = {name: PAPER[name] for name in ("TI", "AU", "PY", "SO")} | {"DI": "10.1000/1"}
    before, later = (paper | {"UT": "U:1", "AB": f"{words} {number}."} for words in ("An abstract", "Another abstract"))
    assert find(table(paper, before, later), Decisions((said,))).groups == [[1, 2]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_decisions_saved_by_a_spreadsheet_are_read(tmp_path: Path, encoding: str) -> None:
    """Excel sets semicolons between fields where the comma stands in numbers."""
    path = tmp_path / "duplicates.csv"
    write_listing(
        find(table(PAPER | {"TI": f"{PAPER['TI']} für Köln"}, PAPER | {"TI": f"{PAPER['TI']} für Köln"})), path
    )
    said = pd.read_csv(path, dtype=str, keep_default_na=False).assign(merge="NO", score="0,95")
    said.to_csv(path, sep=";", index=False, encoding=encoding, lineterminator="\r\n")
    (row,) = read_decisions(path).rows
    assert (row["merge"], row["merged_UT"], row["title"]) == ("NO", "U:1", f"{PAPER['TI']} für Köln")


def test_decisions_that_say_nothing_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "duplicates.csv"
    path.write_text(
        "kept_file,kept_record,kept_UT,merged_file,merged_record,merged_UT,merge\n,,A,,,B,maybe\n,,A,,,,no\n"
    )
    with pytest.raises(InputError, match=r"(?s)Line 2: merge is .*maybe.*Line 3"):
        read_decisions(path)


_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "TI": st.sampled_from(
                [
                    PAPER["TI"],
                    PAPER["TI"] + " Part II",
                    f"Erratum to: {PAPER['TI']}",
                    "Editorial",
                    "Sleep of nurses at night",
                ]
            ),
            "AU": st.sampled_from(["Meier, Anna; Okafor, Ben", "Meier A", "Silva, Rosa", ""]),
            "PY": st.sampled_from(["2018", "2019", ""]),
            "DI": st.sampled_from(["10.1000/1", "10.1000/2", ""]),
            "VL": st.sampled_from(["12", ""]),
            "BP": st.sampled_from(["101-120", "7-9", ""]),
            "SO": st.sampled_from([PAPER["SO"], "arXiv", ""]),
        }
    ),
    min_size=2,
    max_size=7,
)


@given(_ROWS, st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_decides_nothing(rows: list[dict[str, str]], chance) -> None:
    frame = table(*rows)
    order = list(range(len(rows)))
    chance.shuffle(order)
    names = [sorted(frame.UT[place] for place in group) for group in find(frame).groups]
    mixed = frame.iloc[order]
    assert sorted(names) == sorted(sorted(mixed.UT.iloc[place] for place in group) for group in find(mixed).groups)


@given(_ROWS)
@settings(max_examples=60, deadline=None)
def test_verdicts_are_symmetric(rows: list[dict[str, str]]) -> None:
    one, other, *_ = compared(table(*rows))
    assert compare(one, other, 90.0) == compare(other, one, 90.0)


@pytest.mark.parametrize(("name", "least"), [("digital_work", 0.997), ("stroke", 0.994), ("respiratory", 0.968)])
def test_marked_sets(name: str, least: float) -> None:
    folder = SHARED / "duplicates" / name
    if not folder.exists():
        pytest.skip("the marked sets are not here")
    frame, gold = read_set(folder)
    merges = find(frame)
    found, missed, wrong = score(merges.groups, gold).records
    assert wrong == 0
    assert round(found / (found + missed), 3) >= least
    kept, _ = merge(frame, merges)
    assert find(kept).groups == []


@pytest.mark.parametrize(("name", "least"), [("digital_work", 0.96), ("stroke", 0.96), ("respiratory", 0.86)])
def test_marked_sets_with_noise(name: str, least: float) -> None:
    folder = SHARED / "duplicates" / name
    if not folder.exists():
        pytest.skip("the marked sets are not here")
    frame, gold = read_set(folder)
    found, missed, wrong = over_seeds(frame, gold, noisy, range(3)).records
    assert wrong == 0
    assert found / (found + missed) >= least


def test_no_decisions_where_there_is_no_file(tmp_path: Path) -> None:
    assert read_decisions(tmp_path / "duplicates.csv") == Decisions()
