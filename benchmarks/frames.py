"""How the map of a report pans: python -m benchmarks.frames [PAPERS ...]; needs Chromium.

Generated papers in a page of their own; the whole map is dragged, which is the slowest view.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright
from scipy.sparse import csr_matrix

from topicloom.atlas.atlas import Atlas, make_atlas
from topicloom.atlas.names import TopicName
from topicloom.atlas.phrases import Phrases
from topicloom.report import payload
from topicloom.report.page import report_page
from topicloom.words.topic_table import Topic

SIZES = (18_000, 100_000, 500_000)
TOPICS = 400
_WORDS = ("cells", "models", "speech", "graphs", "prices", "protein", "climate", "robots", "learning", "networks")


def main(sizes: list[int]) -> None:
    """Print for each size bytes of the page, seconds until it is ready, and milliseconds of a frame while panning."""
    print(f"{'papers':>9} {'MB':>6} {'ready s':>8} {'drawn ms':>9} {'frame ms':>9} {'frames a s':>10} {'search s':>9}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for size in sizes:
            path = Path(folder) / f"{size}.html"
            path.write_text(report_page(generated(size), "bench/a01", [], [], {}, [], None, None), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(180_000)
            started = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("body[data-ready=true]")
            ready = time.perf_counter() - started
            drawn, frame = panned(page)
            print(
                f"{size:>9,} {path.stat().st_size / 1e6:>6.1f} {ready:>8.1f} {drawn:>9.1f} {frame:>9.1f} "
                f"{1000 / frame:>10.0f} {searched(page):>9.2f}"
            )
            page.close()
        browser.close()


def generated(size: int, seed: int = 0) -> Atlas:
    """An atlas of so many papers: a third are outliers, the others lie around the middles of their topics."""
    rng = np.random.default_rng(seed)
    numbers = np.sort(np.where(rng.random(size) < 0.33, -1, rng.integers(0, TOPICS, size)))
    counts = np.bincount(numbers[numbers >= 0], minlength=TOPICS)
    middles, words = rng.normal(size=(TOPICS, 2)) * 10, rng.integers(0, len(_WORDS), (size, 4))
    points = np.where(
        numbers[:, None] < 0, rng.normal(size=(size, 2)) * 12, middles[numbers] + rng.normal(size=(size, 2))
    )
    papers = pd.DataFrame(
        {
            "UT": [f"WOS:{row:015}" for row in range(size)],
            "title": [f"{' and '.join(_WORDS[word] for word in four)}: {row}" for row, four in enumerate(words)],
            "year": pd.array(rng.integers(1990, 2025, size), dtype="Int64"),
            "doi": [f"10.1000/x{row}" for row in range(size)],
            "authors": [f"Author, A{row % 5000}; Other, B{row % 700}" for row in range(size)],
            "source": [f"Journal {row % 500}" for row in range(size)],
            "keywords": "",
            "cited": pd.array(rng.geometric(0.05, size) - 1, dtype="Int64"),
            "Abstract": True,
            "Topic": numbers,
            "Score": rng.random(size),
            "Typicality": np.where(numbers >= 0, 100 * rng.random(size), np.nan).round(1),
            "placed": False,
            "x": points[:, 0].astype(np.float32),
            "y": points[:, 1].astype(np.float32),
        }
    )
    table = [Topic(t, int(counts[t]), f"{t}_a", [f"word{t}", "shared"], [0.5, 0.1], [t]) for t in range(TOPICS)]
    own = numbers >= 0
    held = csr_matrix((np.ones(own.sum(), dtype=int), (np.flatnonzero(own), numbers[own])), shape=(size, TOPICS))
    phrases = Phrases([f"word{t}" for t in range(TOPICS)], held, [[(t, 1.0)] for t in range(TOPICS)])
    names = [TopicName(f"words {t}, others {t}", [f"word{t}"]) for t in range(TOPICS)]
    return make_atlas(papers, table, rng.normal(size=(TOPICS, 16)), names, phrases, "english", 0.9, today=2026)


_PAN = """async () => {
  const canvas = document.getElementById('canvas'), box = canvas.getBoundingClientRect(), drawn = [], frames = [];
  const point = (type, step) => canvas.dispatchEvent(new PointerEvent(type, { pointerId: 1, pointerType: 'mouse',
    clientX: box.left + box.width / 2 + 4 * (step % 20), clientY: box.top + box.height / 2 + 3 * (step % 15) }));
  const frame = () => new Promise(requestAnimationFrame);
  point('pointerdown', 0);
  let last = await frame();
  for (let step = 0; step < 80; step++) {
    point('pointermove', step);
    const now = await frame();
    if (step > 5) { frames.push(now - last); drawn.push(Number(canvas.dataset.drawn)); }
    last = now;
  }
  point('pointerup', 0);
  return [drawn, frames];
}"""


def panned(page: Page) -> tuple[float, float]:
    """Drag the map, a step a frame: median milliseconds of drawing one, and mean milliseconds between two of them."""
    page.evaluate("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
    page.wait_for_timeout(500)
    drawn, frames = page.evaluate(_PAN)
    return statistics.median(drawn), statistics.fmean(frames)


def searched(page: Page) -> float:
    """Seconds from a typed word to its papers."""
    started = time.perf_counter()
    page.fill("#search", "protein")
    page.wait_for_function("() => /^[0-9,]+ papers/.test(document.getElementById('listed').textContent)")
    return time.perf_counter() - started


if __name__ == "__main__":
    wanted = [int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES)
    payload.MOST_PAPERS = max(*wanted, payload.MOST_PAPERS)
    main(wanted)
