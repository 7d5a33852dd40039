"""The works that a description of the methods refers to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Work:
    """A work.

    Args:
        cited: How a text refers to it.
        kind: Of BibTeX.
        authors: As BibTeX has them.
        title: As published.
        year: As published.
        more: Further fields of BibTeX.
    """

    cited: str
    kind: str
    authors: str
    title: str
    year: int
    more: Mapping[str, str] = field(default_factory=dict)


def _article(journal: str, volume: str, pages: str, doi: str) -> Mapping[str, str]:
    return {"journal": journal, "volume": volume, "pages": pages, "doi": doi}


def _talk(book: str, pages: str, doi: str = "") -> Mapping[str, str]:
    return {"booktitle": book, "pages": pages, **({"doi": doi} if doi else {})}


WORKS: Final[Mapping[str, Work]] = MappingProxyType(
    {
        "bouma2009": Work(
            "Bouma, 2009",
            "inproceedings",
            "Bouma, Gerlof",
            "Normalized (Pointwise) Mutual Information in Collocation Extraction",
            2009,
            _talk("Proceedings of the Biennial GSCL Conference", "31--40"),
        ),
        "callon1991": Work(
            "Callon et al., 1991",
            "article",
            "Callon, M. and Courtial, J. P. and Laville, F.",
            "Co-word Analysis as a Tool for Describing the Network of Interactions between Basic and Technological "
            "Research: The Case of Polymer Chemistry",
            1991,
            _article("Scientometrics", "22", "155--205", "10.1007/BF02019280"),
        ),
        "campello2013": Work(
            "Campello et al., 2013",
            "inproceedings",
            "Campello, Ricardo J. G. B. and Moulavi, Davoud and Sander, Joerg",
            "Density-Based Clustering Based on Hierarchical Density Estimates",
            2013,
            _talk("Advances in Knowledge Discovery and Data Mining", "160--172", "10.1007/978-3-642-37456-2_14"),
        ),
        "clauset2004": Work(
            "Clauset et al., 2004",
            "article",
            "Clauset, Aaron and Newman, M. E. J. and Moore, Cristopher",
            "Finding Community Structure in Very Large Networks",
            2004,
            _article("Physical Review E", "70", "066111", "10.1103/PhysRevE.70.066111"),
        ),
        "dieng2020": Work(
            "Dieng et al., 2020",
            "article",
            "Dieng, Adji B. and Ruiz, Francisco J. R. and Blei, David M.",
            "Topic Modeling in Embedding Spaces",
            2020,
            _article(
                "Transactions of the Association for Computational Linguistics",
                *("8", "439--453", "10.1162/tacl_a_00325"),
            ),
        ),
        "dong2011": Work(
            "Dong et al., 2011",
            "inproceedings",
            "Dong, Wei and Charikar, Moses and Li, Kai",
            "Efficient k-Nearest Neighbor Graph Construction for Generic Similarity Measures",
            2011,
            _talk(
                "Proceedings of the 20th International Conference on World Wide Web",
                "577--586",
                "10.1145/1963405.1963487",
            ),
        ),
        "grootendorst2022": Work(
            "Grootendorst, 2022",
            "misc",
            "Grootendorst, Maarten",
            "BERTopic: Neural topic modeling with a class-based TF-IDF procedure",
            2022,
            {"eprint": "2203.05794", "archiveprefix": "arXiv", "doi": "10.48550/arXiv.2203.05794"},
        ),
        "jarvis1973": Work(
            "Jarvis and Patrick, 1973",
            "article",
            "Jarvis, R. A. and Patrick, Edward A.",
            "Clustering Using a Similarity Measure Based on Shared Near Neighbors",
            1973,
            _article("IEEE Transactions on Computers", "C-22", "1025--1034", "10.1109/T-C.1973.223640"),
        ),
        "kleinberg2003": Work(
            "Kleinberg, 2003",
            "article",
            "Kleinberg, Jon",
            "Bursty and Hierarchical Structure in Streams",
            2003,
            _article("Data Mining and Knowledge Discovery", "7", "373--397", "10.1023/A:1024940629314"),
        ),
        "lloyd1982": Work(
            "Lloyd, 1982",
            "article",
            "Lloyd, Stuart P.",
            "Least Squares Quantization in PCM",
            1982,
            _article("IEEE Transactions on Information Theory", "28", "129--137", "10.1109/TIT.1982.1056489"),
        ),
        "mccullagh1989": Work(
            "McCullagh & Nelder, 1989",
            "book",
            "McCullagh, P. and Nelder, J. A.",
            "Generalized Linear Models",
            1989,
            {"publisher": "Chapman and Hall", "edition": "2"},
        ),
        "mcinnes2017": Work(
            "McInnes et al., 2017",
            "article",
            "McInnes, Leland and Healy, John and Astels, Steve",
            "hdbscan: Hierarchical density based clustering",
            2017,
            _article("Journal of Open Source Software", "2", "205", "10.21105/joss.00205"),
        ),
        "mcinnes2018": Work(
            "McInnes et al., 2018",
            "article",
            "McInnes, Leland and Healy, John and Saul, Nathaniel and Gro{\\ss}berger, Lukas",
            "UMAP: Uniform Manifold Approximation and Projection",
            2018,
            _article("Journal of Open Source Software", "3", "861", "10.21105/joss.00861"),
        ),
        "monroe2008": Work(
            "Monroe et al., 2008",
            "article",
            "Monroe, Burt L. and Colaresi, Michael P. and Quinn, Kevin M.",
            "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the Content of Political "
            "Conflict",
            2008,
            _article("Political Analysis", "16", "372--403", "10.1093/pan/mpn018"),
        ),
        "reimers2019": Work(
            "Reimers & Gurevych, 2019",
            "inproceedings",
            "Reimers, Nils and Gurevych, Iryna",
            "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks",
            2019,
            _talk(
                "Proceedings of the 2019 Conference on Empirical Methods in Natural Language Processing and the 9th "
                "International Joint Conference on Natural Language Processing",
                *("3982--3992", "10.18653/v1/D19-1410"),
            ),
        ),
        "roder2015": Work(
            "Röder et al., 2015",
            "inproceedings",
            'R{\\"o}der, Michael and Both, Andreas and Hinneburg, Alexander',
            "Exploring the Space of Topic Coherence Measures",
            2015,
            _talk(
                "Proceedings of the Eighth ACM International Conference on Web Search and Data Mining",
                *("399--408", "10.1145/2684822.2685324"),
            ),
        ),
        "rousseeuw1987": Work(
            "Rousseeuw, 1987",
            "article",
            "Rousseeuw, Peter J.",
            "Silhouettes: A graphical aid to the interpretation and validation of cluster analysis",
            1987,
            _article(
                "Journal of Computational and Applied Mathematics", *("20", "53--65", "10.1016/0377-0427(87)90125-7")
            ),
        ),
        "traag2019": Work(
            "Traag et al., 2019",
            "article",
            "Traag, V. A. and Waltman, L. and van Eck, N. J.",
            "From Louvain to Leiden: guaranteeing well-connected communities",
            2019,
            _article("Scientific Reports", "9", "5233", "10.1038/s41598-019-41695-z"),
        ),
        "ward1963": Work(
            "Ward, 1963",
            "article",
            "Ward, Joe H.",
            "Hierarchical Grouping to Optimize an Objective Function",
            1963,
            _article(
                "Journal of the American Statistical Association", *("58", "236--244", "10.1080/01621459.1963.10500845")
            ),
        ),
        "wilson1927": Work(
            "Wilson, 1927",
            "article",
            "Wilson, Edwin B.",
            "Probable Inference, the Law of Succession, and Statistical Inference",
            1927,
            _article(
                "Journal of the American Statistical Association", *("22", "209--212", "10.1080/01621459.1927.10502953")
            ),
        ),
    }
)


def bibtex(keys: Iterable[str]) -> str:
    """The works as entries of BibTeX, by their keys in order of the alphabet."""
    return "\n".join(_entry(key, WORKS[key]) for key in sorted(set(keys)))


def _entry(key: str, work: Work) -> str:
    fields = {"author": work.authors, "title": f"{{{work.title}}}", "year": str(work.year), **work.more}
    return "\n".join(
        [f"@{work.kind}{{{key},", *(f"  {name} = {{{value}}}," for name, value in fields.items()), "}", ""]
    )


def listed(keys: Iterable[str]) -> list[str]:
    """The works as a list for readers: authors, year, title, where, DOI."""
    return [_line(WORKS[key]) for key in sorted(set(keys), key=lambda key: (WORKS[key].authors, WORKS[key].year))]


def _line(work: Work) -> str:
    authors = work.authors.replace("{\\ss}", "ß").replace('{\\"o}', "ö").replace(" and ", "; ")
    more = work.more
    where = next((more[name] for name in ("journal", "booktitle", "publisher") if name in more), "")
    where = where or f"arXiv:{more['eprint']}"
    volume = f" {more['volume']}," if "volume" in more else ","
    pages = f"{volume} {more['pages'].replace('--', '–')}" if "pages" in more else ""
    doi = f" https://doi.org/{more['doi']}" if "doi" in more else ""
    return f"{authors} ({work.year}). {work.title}. {where}{pages}.{doi}"
