"""What a browser shows of a page: whether everyone can read and use it at every width, light and dark.

The browser is Debian's chromium; nothing is downloaded.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.browser.axe import Kinds, violations

CHROMIUM = shutil.which("chromium")
NO_CHROMIUM = "chromium is not installed: apt-get install chromium"
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "CHANGEFLOW_REQUIRE_BROWSER" not in os.environ, reason=NO_CHROMIUM
)
"""Marks tests that need a browser. Where CHANGEFLOW_REQUIRE_BROWSER is set they fail without one."""
NOT_NEEDED = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
    "AimEnabled", "HttpsUpgrades", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding",
)  # fmt: skip
"""What chromium shall not start: first the lists below its address bar, which are pages of their own for each context;
then what Playwright also leaves out of it, because the last list counts."""
DESK, TABLET, PHONE, NARROWEST = 1280, 820, 390, 320
WIDTHS = (DESK, TABLET, PHONE)
SMALLEST, SMALLEST_ON_PHONES = 24, 44
"""The least height and width of a target in pixels (WCAG 2.2, 2.5.8), and that of a thumb (2.5.5)."""
SMALL_TEXT = """() => [...document.querySelectorAll('svg text')]
    .filter(t => t.getClientRects().length)
    .map(t => [parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().d, t.textContent])
    .filter(([size]) => size < 10.99)"""
HINTS = """() => [...document.querySelectorAll('.scroll')].filter(s => s.getClientRects().length).map(s =>
    [s.scrollWidth > s.clientWidth, getComputedStyle(s, '::before').visibility === 'visible'])"""
# A link in a line of text needs only the least height (2.5.8, "inline"), but not one that is all the text. What
# cannot be seen is no target: a skip link until it has the focus.
SMALL_TARGETS = """([least, inLine]) => {
    const seen = e => e.checkVisibility({visibilityProperty: true})
        && [...e.getClientRects()].some(r => r.width > 1) && !e.closest('svg, .skip');
    const isInline = e => getComputedStyle(e).display.startsWith('inline');
    const isInText = e => {
        let block = e.parentElement;
        while (isInline(block)) block = block.parentElement;
        return block.textContent.trim().length > e.textContent.trim().length;
    };
    const needed = e => e.matches('a') && getComputedStyle(e).display === 'inline' && isInText(e) ? inLine : least;
    const area = e => {
        const label = e.matches('input[type=checkbox], input[type=radio]') ? e.closest('label') ?? e.labels?.[0] : null;
        const boxes = [e, label].filter(Boolean).map(x => x.getBoundingClientRect());
        return [Math.max(...boxes.map(b => b.width)), Math.max(...boxes.map(b => b.height))];
    };
    return [...document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden])')]
        .filter(seen)
        .map(e => [(e.textContent || e.name || '').trim().slice(0, 40), ...area(e).map(Math.round), needed(e)])
        .filter(([, width, height, least]) => width < least || height < least);
}"""
BLOCKED = """window.blocked = [];
addEventListener('securitypolicyviolation', e => window.blocked.push(`${e.violatedDirective}: ${e.blockedURI}`));"""
WIDER = """() => [...document.querySelectorAll('main *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, svg, .unseen'))
    .map(e => `${e.tagName}.${e.className}`).slice(0, 3)"""


@contextmanager
def launched() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, NO_CHROMIUM
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", f"--disable-features={','.join(NOT_NEEDED)}"]
        )


NO_FADE = (
    "ViewTransition opt-in disabled",
    "Transition was aborted because of invalid state",
    "Transition was skipped",
)


def watch(page: Any) -> list[str]:
    """Return a list that grows with each error in the page's console, in its script, and of its content policy."""
    errors: list[str] = []
    page.add_init_script(BLOCKED)

    def note(error: str) -> None:
        # The browser says so where the next page, such as an error page, does not fade in, or the window changes.
        if not any(text in error for text in NO_FADE):
            errors.append(error)

    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))
    return errors


def problems(
    page: Any,
    widths: Sequence[int] = WIDTHS,
    *,
    is_for_phones: bool = False,
    every_text: bool = True,
    kinds: Kinds | None = None,
) -> list[str]:
    """Look at an open page at every width, light and dark; return what is wrong.

    It looks at every text once, or at one of each kind that is not among those known from other pages.
    """
    kinds = {} if kinds is None else kinds
    found = [f"blocked: {text}" for text in page.evaluate("window.blocked ?? []")]
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            is_every = every_text and width == widths[0] and scheme == "light"
            texts = violations(page, scheme, every_text=is_every, kinds=kinds)
            found += [f"{width} {scheme}: {text}" for text in texts]
        found += [f"{width}: {text}" for text in _seen(page, width, is_for_phones=is_for_phones)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    if page.evaluate("document.documentElement.scrollWidth") > NARROWEST:
        found.append(f"{NARROWEST}: the page scrolls sideways: {page.evaluate(WIDER)}")
    return found


def _seen(page: Any, width: int, *, is_for_phones: bool) -> list[str]:
    found = []
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append(f"the page scrolls sideways: {page.evaluate(WIDER)}")
    found += [f"small text in a picture: {size:.1f} px, {text}" for size, text in page.evaluate(SMALL_TEXT)]
    least = SMALLEST_ON_PHONES if is_for_phones and width == PHONE else SMALLEST
    found += [f"small target: {target}" for target in page.evaluate(SMALL_TARGETS, [least, SMALLEST])]
    if any(is_wider != says_so for is_wider, says_so in page.evaluate(HINTS)):
        found.append("a part that scrolls does not say so, or one that does not says so")
    return found
