"""Files in any encoding: what they are read as, what is said of it, and that nothing of a text is lost."""

from __future__ import annotations

import os
import time

import pytest

from topicloom.inputs import decoding
from topicloom.inputs.corpus import corpus_columns, dataset_columns, read_corpus, read_dataset
from topicloom.inputs.decoding import TextForm, form_facts, form_notes, text_form

FRENCH = "L’été à Évora – étude de la forêt méditerranéenne"
GERMAN = "Die Wirkung von Stickstoff auf Böden: größere Flächen und überprüfte Maßnahmen"
POLISH = "Wpływ zażółcenia na jakość życia pacjentów: badania własne w świetle łódzkich szpitali"
RUSSIAN = "Влияние температуры на рост растений: исследование методов обработки почвы"
TURKISH = "Türkiye’de öğrencilerin başarısı üzerine çalışmalar: eğitim yöntemlerinin değerlendirilmesi"
GREEK = "Η επίδραση της θερμοκρασίας στην ανάπτυξη των φυτών"
JAPANESE = "深層学習に基づく日本語文書の分類手法の提案。東京における大気汚染と健康影響に関する調査を行った。"
CHINESE = "我们提出了一种基于深度学习的图像分类方法。实验结果表明该方法有效。"
TAIWANESE = "我們提出了一種基於深度學習的圖像分類方法。實驗結果表明該方法有效。"
KOREAN = "온도가 식물의 성장에 미치는 영향: 방법과 자료의 분석 연구."
ENGLISH = "It’s a study of Alzheimer’s disease – a review"


def written(path, texts, encoding):
    rows = "".join(f'{number},"{text}"\n' for number, text in enumerate(texts))
    path.write_bytes(("UT,text\n" + rows).encode(encoding))
    return path


@pytest.mark.parametrize("papers", [1, 40])
@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        (FRENCH, "cp1252", "Windows-1252"),
        (GERMAN, "latin-1", "Windows-1252"),
        (ENGLISH, "cp1252", "Windows-1252"),
        (POLISH, "cp1250", "Windows-1250"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        (TURKISH, "cp1254", "Windows-1254"),
        (GREEK, "cp1253", "Windows-1253"),
        (JAPANESE, "shift_jis", "Shift-JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (CHINESE, "gb18030", "GB18030"),
        (TAIWANESE, "big5", "Big5"),
        (KOREAN, "euc_kr", "EUC-KR"),
        (JAPANESE, "utf-16", "UTF-16"),
        (JAPANESE, "utf-16-le", "UTF-16"),
        (JAPANESE, "utf-16-be", "UTF-16"),
        (JAPANESE, "utf-32", "UTF-32"),
    ],
)
def test_other_encodings_are_found_and_said(tmp_path, text, encoding, said, papers):
    path = written(tmp_path / "corpus.csv", ["plain English", *[text] * papers], encoding)
    assert list(read_corpus(path)["text"]) == ["plain English", *[text] * papers]
    assert corpus_columns(path) == ["UT", "text"]
    (note,) = form_notes("corpus.csv", form_facts(text_form(path)))
    assert note.startswith(f"corpus.csv is not UTF-8; it is read as {said}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "ascii"])
def test_of_plain_files_nothing_is_said(tmp_path, encoding):
    text = "plain" if encoding == "ascii" else JAPANESE
    path = written(tmp_path / "corpus.csv", [text], encoding)
    assert list(read_corpus(path)["text"]) == [text]
    assert form_facts(text_form(path)) == {}
    assert list(form_notes("corpus.csv", {})) == []


def test_one_stray_byte_spoils_no_other_letter(tmp_path):
    path = tmp_path / "dataset.csv"
    rows = [f"{number},naïve Münchner\n".encode() for number in range(30)]
    path.write_bytes(b"UT,TI\n" + b"".join(rows[:20]) + b"20,caf\xe9 \x92 \x81\n" + b"".join(rows[20:]))
    titles = list(read_dataset(path, ["UT", "TI"])["TI"])
    assert titles[20] == "café ’ \x81"
    assert set(titles[:20] + titles[21:]) == {"naïve Münchner"}
    (note,) = form_notes("dataset.csv", form_facts(text_form(path)))
    assert "Bytes of dataset.csv that are not UTF-8: 3, the first in line 22." in note


def test_text_after_a_nul_is_kept(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_bytes(b'UT,text\nA,one\nB,"before\0after, and ""more"""\nC,\0\nD,last\n')
    assert list(read_corpus(path)["text"]) == ["one", 'beforeafter, and "more"', "", "last"]
    (note,) = form_notes("corpus.csv", form_facts(text_form(path)))
    assert note.startswith("NUL characters left out of corpus.csv: 2, the first in line 3.")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_bare_carriage_return_ends_no_row_quoted_or_not(tmp_path, end):
    path = tmp_path / "corpus.csv"
    path.write_bytes(
        end.join(["UT,text,note", "A,one\rmore,x", 'B,"two\rmore, and\nmore",y', "C,three,z", ""]).encode()
    )
    read = read_corpus(path)
    assert list(read["UT"]) == ["A", "B", "C"]
    assert list(read["text"]) == ["one\rmore", "two\rmore, and\nmore", "three"]
    assert form_facts(text_form(path)) == {}


def test_lines_that_carriage_returns_alone_end(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_bytes(b'UT,text\rA,one\rB,"two, and more"\r')
    assert list(read_corpus(path)["text"]) == ["one", "two, and more"]
    assert corpus_columns(path) == ["UT", "text"]


def test_many_nuls_end_no_file_early(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_bytes(b"UT,text\nA,one\nB," + b"\0" * 1_000_000 + b"two\nC,three\n")
    assert list(read_corpus(path)["text"]) == ["one", "two", "three"]


def test_the_names_of_columns_need_the_first_line_alone(tmp_path, monkeypatch):
    """A plan asks for them; a corpus of gigabytes must not be decoded for it."""
    path = written(tmp_path / "corpus.csv", [GERMAN] * 5, "utf-8")
    monkeypatch.setattr(decoding, "text_form", lambda _: pytest.fail("the whole file was looked at"))
    assert corpus_columns(path) == ["UT", "text"]


def test_a_file_is_looked_at_once_until_it_changes(tmp_path, monkeypatch):
    path = written(tmp_path / "corpus.csv", [GERMAN], "latin-1")
    assert text_form(path) == TextForm("cp1252")
    assert dataset_columns(path) == ["UT", "text"]
    monkeypatch.setattr(decoding, "_first_look", lambda _: pytest.fail("looked at again"))
    assert text_form(path) == TextForm("cp1252")
    monkeypatch.undo()
    written(path, [GERMAN, FRENCH], "utf-8")
    assert text_form(path).is_plain


def test_a_file_that_was_written_again_is_looked_at_again_though_its_size_and_time_are_the_same(tmp_path):
    """As rsync -t, a restored backup or cp -p over the file leave it."""
    path = tmp_path / "corpus.csv"
    path.write_bytes("UT,text\na,\xe9\xe9".encode("cp1252"))
    before = path.stat()
    assert not text_form(path).is_plain
    time.sleep(0.02)  # a tick of the file system's clock
    path.write_bytes("UT,text\na,\xe9".encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert text_form(path).is_plain
