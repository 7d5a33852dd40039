"""Settings of what is made of the topics: tables, names, pictures, and files to take away."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from topicloom.settings.section import Section


class ExportSettings(Section):
    """What the exported files hold."""

    texts: bool = Field(True, description="Write the columns Document and Representative_Docs.")
    escape_formulas: bool = Field(
        False,
        description="Put an apostrophe before texts in CSV files that a spreadsheet would take for a formula; R and "
        "pandas then read it too.",
    )

    @property
    def escaping(self) -> dict[str, bool]:
        """What a stage that writes tables states of it: nothing where it is off, so that earlier results are found."""
        return {"escape_formulas": True} if self.escape_formulas else {}


TOLD: Final = "told"  # the type of an error that says all, and whose value is shown to nobody


class LanguageModelSettings(Section):
    """A language model that names topics; it is asked only where a model is stated."""

    model: str | None = Field(
        None, min_length=1, description="Name of the model, as its endpoint knows it. None: no language model is asked."
    )
    base_url: str | None = Field(
        None, min_length=1, description="Address of an OpenAI-compatible endpoint; OpenAI's own when left out."
    )
    api_key_variable: str = Field(
        "OPENAI_API_KEY",
        min_length=1,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key, which is never written. OPENAI_API_KEY goes to OpenAI "
        "alone; any other needs TOPICLOOM_API_KEYS in the environment to say which host may have it.",
    )
    timeout: float = Field(60.0, gt=0, le=86_400, description="Seconds to wait for one answer, as a whole.")
    retries: int = Field(2, ge=0, le=100, description="Further tries where an answer fails.")
    budget: int = Field(200_000, ge=1, description="Most tokens of one run, questions and answers together.")
    groups: bool = Field(
        False,
        description="Also name the groups of topics, and sum each up in two sentences (topic_groups.csv, report).",
    )

    @field_validator("base_url")
    @classmethod
    def _holds_no_secret(cls, address: str | None) -> str | None:
        """The address is written into run.json and the report, so it must be one that anybody may see."""
        if address is None:
            return None
        try:
            parts = urlsplit(address)
            sound = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            sound = False
        if not sound:
            raise PydanticCustomError(TOLD, "it must be the address of an endpoint, such as http://127.0.0.1:11434/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise PydanticCustomError(
                TOLD,
                "it must hold no user, password, query or fragment, since it is written into the report; the key "
                "belongs into the environment variable that api_key_variable names",
            )
        return address


class NamesSettings(Section):
    """Names of topics for people, beside the notebook's Name and Representation."""

    method: Literal["auto", "statistical", "keybert"] = Field(
        "auto",
        description="statistical: from c-TF-IDF; keybert: keywords nearest to the topic by tmo.transformer_model; "
        "auto: keybert where that model lies on this machine.",
    )
    keywords: int = Field(10, ge=1, le=30, description="Keywords of a topic.")
    diversity: float = Field(0.3, ge=0, le=1, description="How far apart keybert's keywords are.")
    authors_keywords: bool = Field(
        True, description="Keywords of the authors name topics too, where half of the papers have them."
    )
    language_model: LanguageModelSettings = Field(default_factory=LanguageModelSettings)


class PicturesSettings(Section):
    """What is drawn after the export."""

    quality: bool = Field(True, description="Measure the topics: topic_quality.json.")
    figures: bool = Field(True, description="Draw the figures.")
    report: bool = Field(True, description="Write report.html.")
    width: Literal["single", "double", "both"] = Field(
        "double",
        description="Of the figures. single: a column of a journal, 85 mm; double: two, 174 mm; both: those of one "
        "column too, as NAME_single.",
    )
    formats: list[Literal["png", "svg", "pdf"]] = Field(
        ["png", "svg", "pdf"], min_length=1, description="Files of each figure: PNG at 300 dpi, SVG and PDF."
    )

    @property
    def drawn(self) -> bool:
        """Whether the topics are described, for figures and report and what is made beside them."""
        return self.figures or self.report


class ColumnsSettings(Section):
    """Columns of the dataset; those left out are found by the names that databases give them."""

    authors: str | None = Field(None, min_length=1, description="Authors, shortened; AU and the like when left out.")
    full_names: str | None = Field(None, min_length=1, description="Authors in full; AF when left out.")
    source: str | None = Field(None, min_length=1, description="Journal or book; SO when left out.")
    cited: str | None = Field(None, min_length=1, description="How often a paper is cited; TC when left out.")
    type: str | None = Field(None, min_length=1, description="Kind of document; DT when left out.")
    keywords: str | None = Field(None, min_length=1, description="Keywords of the authors; DE when left out.")
    indexed: str | None = Field(None, min_length=1, description="Keywords of the database; ID when left out.")
    categories: str | None = Field(None, min_length=1, description="Subject categories; WC when left out.")
    areas: str | None = Field(None, min_length=1, description="Research areas; SC when left out.")
    countries: str | None = Field(None, min_length=1, description="Countries; Countries when left out.")
    institutions: str | None = Field(None, min_length=1, description="Institutions; Institutions when left out.")
    colour: list[str] | None = Field(
        None,
        max_length=30,
        description="Further columns by which the report colours and filters; those of numbers and of few values when "
        "left out, [] for none.",
    )

    @property
    def fields(self) -> dict[str, str]:
        """The columns that are named, by field."""
        return self.model_dump(exclude_none=True, exclude={"colour"})

    @property
    def named(self) -> dict[str, dict[str, str]]:
        """What a stage that reads the dataset states of them: nothing where none is named."""
        named = self.fields
        return {"columns": named} if named else {}


class TakeAwaySettings(Section):
    """What is made to be taken away, where figures or report are drawn."""

    profiles: bool = Field(
        True,
        description="Authors, sources, countries and citations of topics: topic_profiles.csv, topic_citations.csv.",
    )
    methods: bool = Field(True, description="How the topics were made, for a paper: methods.md.")
    papers: bool = Field(True, description="A tidy row a paper: papers.csv.")
    shares: bool = Field(True, description="Each paper's share in topics, a row a pair: exports/shares.csv.")
    excel: bool = Field(True, description="Topics, groups, years, profiles and citations as a workbook: topics.xlsx.")
    vosviewer: bool = Field(True, description="Topics as map and network of VOSviewer, in exports/.")
    gephi: bool = Field(True, description="Topics as a network for Gephi: exports/topics.gexf.")
    ris: bool = Field(True, description="Papers with their topics as keywords, for Zotero: exports/papers.ris.")
    bibtex: bool = Field(False, description="The same as BibTeX: exports/papers.bib.")
    parquet: bool = Field(True, description="papers.csv as Parquet, for Embedding Atlas: exports/papers.parquet.")

    @property
    def files(self) -> dict[str, bool]:
        """What the stage take-away makes, by the names of the settings."""
        return self.model_dump(exclude={"profiles", "methods"})
