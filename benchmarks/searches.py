"""What the search of a report finds: python -m benchmarks.searches REPORT.html [QUERY ...]; needs Chromium."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

QUERIES = ("machine translation", '"machine translation"', "semeval", "summarization -dialogue", "parsing OR tagging")


def main(report: Path, queries: list[str]) -> None:
    """Print for each query the papers found, and how many of those that are listed say all its words in the title."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(report.resolve().as_uri())
        page.wait_for_selector("body[data-ready]")
        for query in queries:
            page.fill("#search", "")
            page.wait_for_timeout(400)
            page.fill("#search", query)
            page.wait_for_function("() => /^[0-9,]+ papers?/.test(document.getElementById('listed').textContent)")
            heading = page.locator("#listed").inner_text()
            titles = [title.lower() for title in page.locator("#papers li div").all_inner_texts()]
            words = re.findall(r"(?<![-\w])\w+", query.replace(" OR ", " ").lower()) if "OR" not in query else []
            said = sum(all(word in title for word in words) for title in titles)
            print(f"{query:<28} {heading}  in the title of {said} of the {len(titles)} listed")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(QUERIES))
