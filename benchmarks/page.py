"""What a reader meets on a report: python -m benchmarks.page REPORT.html [AXE.js]; needs Chromium; a line a figure.

AXE.js: axe-core (https://github.com/dequelabs/axe-core, axe.min.js), to look for what assistive technology cannot read.
"""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

DESKTOP, PHONE = (1440, 900), (390, 844)
WIDTHS = (1920, 1440, 1280, 390)
_TABS = """() => document.querySelectorAll('#topics a[href], #topics button, #topics summary, #topics input').length"""


def main(report: Path, axe: Path | None) -> None:
    """Print what was measured."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        figures = itertools.chain(
            quiet(browser, report),
            first_screen(browser, report),
            names(browser, report),
            scrolling(browser, report),
            keys(browser, report),
            printed(browser, report),
            violations(browser, report, axe) if axe else (),
        )
        for what, value in figures:
            print(f"{what:<78} {value}", flush=True)
        browser.close()


def opened(browser: Browser, report: Path, size: tuple[int, int] = DESKTOP, **options: Any) -> Page:
    """The report, ready."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **options)
    page.goto(report.resolve().as_uri())
    page.wait_for_selector("body[data-ready=true]")
    return page


def box_of_map(page: Page) -> FloatRect:
    """Where the map lies on the screen."""
    return page.locator("#canvas").bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}


def quiet(browser: Browser, report: Path) -> Iterator[tuple[str, str]]:
    """Messages on the console, and what is fetched, while the page is used."""
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.resolve().as_uri())
    page.wait_for_selector("body[data-ready=true]")
    for value in page.locator("#colour-by option").evaluate_all("all => all.map((one) => one.value)"):
        page.select_option("#colour-by", value)
    page.fill("#search", "a")
    page.wait_for_timeout(1000)
    page.click("#reset")
    yield "messages on the console, requests beside the page itself", f"{len(said)}, {len(asked) - 1}"
    page.close()


def first_screen(browser: Browser, report: Path) -> Iterator[tuple[str, str]]:
    """Where the map begins, and how wide it is."""
    for name, size in (("desktop, 1440 x 900", DESKTOP), ("phone, 390 x 844", PHONE)):
        page = opened(browser, report, size)
        yield f"the map begins below the top of the page, {name}", f"{box_of_map(page)['y']:.0f} px"
        yield f"the page is wider than the screen, {name}", f"{page.evaluate('document.body.scrollWidth') - size[0]} px"
        page.close()
    page = opened(browser, report, (1920, 1080))
    yield "width of the map on a screen of 1920 px", f"{box_of_map(page)['width']:.0f} px"
    page.close()


def names(browser: Browser, report: Path) -> Iterator[tuple[str, str]]:
    """Which of the largest groups are named on the opening map."""
    for width in WIDTHS:
        page = opened(browser, report, (width, 900))
        page.locator("#map").scroll_into_view_if_needed()
        page.wait_for_timeout(400)
        named = set((page.get_attribute("#canvas", "data-named") or "").split("\n"))
        page.select_option("#colour-by", "group")
        groups = [re.sub(r" [\d,]+$", "", text) for text in page.locator("#legend .entry").all_inner_texts()][:-1]
        missing = [group for group in groups if group not in named]
        yield f"coarsest groups named on the opening map, {width} px", f"{len(groups) - len(missing)} of {len(groups)}"
        page.close()


def scrolling(browser: Browser, report: Path) -> Iterator[tuple[str, str]]:
    """Whether wheel and finger go on down the page over the map."""
    page = opened(browser, report)
    page.evaluate("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
    box = box_of_map(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = page.evaluate("scrollY")
    for _ in range(25):
        page.mouse.wheel(0, 100)
        page.wait_for_timeout(20)
    page.wait_for_timeout(500)
    yield "25 steps of the wheel over the map scroll", f"{page.evaluate('scrollY') - before:.0f} px"
    page.close()
    phone = opened(browser, report, PHONE, has_touch=True, is_mobile=True)
    yield "touch on the map before it is tapped", str(phone.evaluate("getComputedStyle(canvas).touchAction"))
    phone.close()


def keys(browser: Browser, report: Path) -> Iterator[tuple[str, str]]:
    """How many stops Tab makes in the table of topics."""
    page = opened(browser, report)
    page.locator("#topic-search").focus()
    stops = 0
    while stops < 2000 and page.evaluate("document.activeElement.closest('#topics') !== null"):
        page.keyboard.press("Tab")
        stops += 1
    yield "stops of Tab in the table of topics, of things that can be reached", f"{stops} of {page.evaluate(_TABS)}"
    page.close()


def printed(browser: Browser, report: Path) -> Iterator[tuple[str, str]]:
    """Pages on A4."""
    page = opened(browser, report)
    content = page.pdf(format="A4")
    yield "pages on A4", str(len(re.findall(rb"/Type\s*/Page\b", content)))
    page.close()


def violations(browser: Browser, report: Path, axe: Path) -> Iterator[tuple[str, str]]:
    """What axe-core finds, in light and dark, on the desktop and on a phone, with a topic and with a group chosen."""
    for scheme in ("light", "dark"):
        for size in (DESKTOP, PHONE):
            # The page's policy lets no other script run, so axe is put in by the browser itself.
            page = opened(browser, report, size, color_scheme=scheme, bypass_csp=True)
            page.select_option("#topic-filter", "0")
            page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
            page.evaluate(axe.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run(document, {resultTypes: ['violations', 'incomplete']})")
            rules = ", ".join(f"{rule['id']} ({len(rule['nodes'])})" for rule in found["violations"])
            open_ones = ", ".join(f"{rule['id']} ({len(rule['nodes'])})" for rule in found["incomplete"])
            yield f"axe, {scheme}, {size[0]} px: violations; not decided", f"{rules or 'none'}; {open_ones or 'none'}"
            page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
