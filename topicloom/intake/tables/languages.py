"""Names of columns in other languages than English, as people and national databases write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# By tag, without case, accents and signs: German, French, Spanish, Portuguese, Italian, Dutch, Russian, then Chinese,
# Japanese and Korean. Names that mean something else in another language are left out.
NAMES: Final[Mapping[str, Sequence[str]]] = {
    "TI": (
        *("titel", "titre", "titulo", "titolo", "название", "заглавие"),
        *("标题", "题名", "篇名", "文献标题", "论文题目", "標題", "題名", "タイトル", "論文名", "제목", "논문명"),
    ),
    "AB": (
        *("zusammenfassung", "kurzfassung", "abstrakt", "resume", "resumen", "resumo", "riassunto", "samenvatting"),
        *("аннотация", "реферат", "摘要", "文摘", "抄録", "要旨", "要約", "초록"),
    ),
    "PY": (
        *("jahr", "erscheinungsjahr", "publikationsjahr", "veroffentlichungsjahr", "annee", "anneedepublication"),
        *("datedepublication", "ano", "anodepublicacion", "anodepublicacao", "fechadepublicacion", "anno", "jaar"),
        *("год", "годпубликации"),
        *(
            "年",
            "年份",
            "出版年",
            "出版年份",
            "发表年份",
            "发表时间",
            "发表年度",
            "発行年",
            "출판연도",
            "발행연도",
            "연도",
        ),
    ),
    "AU": (
        *("autor", "autoren", "autorin", "autorinnen", "verfasser", "auteur", "auteurs", "autores", "autore", "autori"),
        *("автор", "авторы", "作者", "著者", "著者名", "저자", "저자명"),
    ),
    "SO": (
        *("zeitschrift", "zeitschriftentitel", "quelle", "revue", "revista", "fuente", "fonte", "rivista"),
        *("tijdschrift", "журнал", "источник"),
        *("期刊", "期刊名称", "刊名", "来源", "文献来源", "雑誌", "雑誌名", "掲載誌", "掲載誌名", "학술지", "학술지명"),
    ),
    "DE": (
        *("schlagworter", "schlagworte", "stichworter", "stichworte", "schlusselworter", "motscles", "palabrasclave"),
        *(
            "palavraschave",
            "parolechiave",
            "trefwoorden",
            "ключевыеслова",
            "关键词",
            "关键字",
            "關鍵詞",
            "キーワード",
            "키워드",
        ),
    ),
    "VL": ("band", "jahrgang", "tome", "volumen", "том", "卷", "巻", "권"),
    "IS": ("heft", "ausgabe", "numero", "выпуск", "номер", "期", "号", "호"),
    "pages": ("seiten", "seite", "paginas", "pagine", "страницы", "页码", "页", "ページ", "쪽"),
    "LA": ("sprache", "langue", "idioma", "lingua", "taal", "язык", "语言", "言語", "언어"),
    "DT": ("dokumenttyp", "publikationstyp", "typededocument", "tipodedocumento", "tipodocumento", "文献类型"),
    "C1": ("affiliationen", "afiliaciones", "afiliacoes", "机构", "单位", "作者单位", "所属", "소속"),
    "TC": ("zitationen", "citas", "citacoes", "被引", "被引频次", "被引次数", "被引用数"),
}
