"""Axe, which looks for what keeps people from reading and using a page, and how it looks at each text only once."""

from typing import Any

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""The rules of axe that must find nothing: WCAG 2.2 to level AA, and the practices that help readers beyond it."""
# Most of axe's time goes into the contrast of each text with what is painted below it. Texts that are painted alike
# have the same contrast, so one of each kind is enough, on all pages and at all widths together: the same colours,
# sizes and effects, of the text and of every element around it. A text is a kind of its own if something else may be
# painted below it: if it or an element around it is out of the normal flow, if it touches such an element, or if text
# is wider than its box.
ONE_OF_EACH_KIND = """numbers => {
    const AROUND = ['backgroundColor', 'backgroundImage', 'opacity', 'filter', 'mixBlendMode', 'visibility', 'clip',
        'clipPath', 'overflowX', 'overflowY', 'display', 'position'];
    const OWN = ['color', 'fontSize', 'fontWeight', 'textShadow', 'webkitTextFillColor', 'webkitTextStroke'];
    const elements = [...document.body.querySelectorAll('*')], styles = new Map();
    const style = e => styles.get(e) ?? styles.set(e, getComputedStyle(e)).get(e);
    const isClipped = s => s.position === 'absolute' && (s.clip !== 'auto' || s.clipPath !== 'none');
    const isInFlow = s => ['static', 'relative'].includes(s.position) && s.float === 'none' && s.transform === 'none'
        && ![s.marginTop, s.marginRight, s.marginBottom, s.marginLeft, s.top, s.left].some(m => m.startsWith('-'));
    const around = new Map(), flows = new Map([[null, true]]);
    const describe = e => {
        if (!e || around.has(e)) return;
        describe(e.parentElement);
        around.set(e, `${around.get(e.parentElement) ?? ''}/${AROUND.map(name => style(e)[name])}`);
        flows.set(e, flows.get(e.parentElement) && isInFlow(style(e)));
    };
    elements.forEach(describe);
    const others = elements.filter(e => !isInFlow(style(e)) && !isClipped(style(e)))
        .map(e => [e, e.getBoundingClientRect()]);
    const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const isCovered = (e, box) => others.some(([o, edge]) => !o.contains(e) && !e.contains(o) && touch(edge, box));
    const isWide = e => {
        while (style(e).display.startsWith('inline')) e = e.parentElement;
        return e.scrollWidth > e.clientWidth + 1;
    };
    const isScrolledAway = (e, box) => {
        for (let up = e.parentElement; up; up = up.parentElement) {
            const edge = up.getBoundingClientRect();
            const fits = box.left >= edge.left && box.right <= edge.right && box.top >= edge.top
                && box.bottom <= edge.bottom;
            if (style(up).overflowX !== 'visible' && !fits) return true;
        }
        return false;
    };
    const known = new Set(numbers);
    const numberOf = kind => {  // FNV-1a, twice: 53 bits
        let [one, other] = [0x811c9dc5, 0x1000193];
        for (let n = 0; n < kind.length; n++) {
            one = Math.imul(one ^ kind.charCodeAt(n), 0x1000193);
            other = Math.imul(other ^ kind.charCodeAt(n), 0x85ebca6b);
        }
        return (one >>> 0) * 0x200000 + ((other >>> 0) & 0x1fffff);
    };
    const texts = elements.filter(e => {
        const hasText = [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
        if (!hasText && !e.matches('input, select, textarea')) return false;
        const box = e.getBoundingClientRect();
        if (!isClipped(style(e)) && (!flows.get(e) || isCovered(e, box) || isWide(e))) return true;
        const kind = numberOf([around.get(e), ...OWN.map(name => style(e)[name]), isScrolledAway(e, box)].join('|'));
        return !known.has(kind) && known.add(kind);
    });
    return [texts, [...known]];
}"""
# What axe's other rules look at, but for sizes and scrolling: which elements there are, and which of them are shown.
SHOWN = """() => [...document.querySelectorAll('*')].map(e => e.tagName
    + (e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0 ? '' : '-')).join()"""
BY_LAYOUT = ("target-size", "scrollable-region-focusable")
"""The rules that depend on the width even where the same elements are shown."""
RUN = f"""async ([tags, byLayout, isStructure, everyText, numbers]) => {{
    const run = async (where, options) => {{
        const found = await axe.run(where, {{...options, resultTypes: ['violations']}});
        return found.violations.map(v => [v.id, v.nodes.map(n => n.target)]);
    }};
    const rules = {{type: 'tag', values: tags}}, contrast = {{type: 'rule', values: ['color-contrast']}};
    if (isStructure && everyText) return [await run(document, {{runOnly: rules}}), numbers];
    let found = [];
    if (isStructure) {{
        const shown = ({SHOWN})(), isKnown = (window.shown ??= new Set()).has(shown);
        window.shown.add(shown);
        const without = {{'color-contrast': {{enabled: false}}}};
        found = await run(document, isKnown ? {{runOnly: {{type: 'rule', values: byLayout}}}}
            : {{runOnly: rules, rules: without}});
    }}
    if (everyText) return [[...found, ...await run(document, {{runOnly: contrast}})], numbers];
    const [texts, known] = ({ONE_OF_EACH_KIND})(numbers);
    return [texts.length ? [...found, ...await run({{include: texts}}, {{runOnly: contrast}})] : found, known];
}}"""
Kinds = dict[str, list[int]]
"""The kinds of texts whose contrast is known, in the light and in the dark."""


def violations(page: Any, scheme: str, *, every_text: bool, kinds: Kinds) -> list[str]:
    """Return what axe finds on an open page. Only contrast differs in the dark.

    It looks at the contrast of every text, or of one of each kind that is not known, and adds it to the kinds. At the
    widths where the same elements are shown as at another, it applies only the rules that depend on the width.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    asked = [list(TAGS), list(BY_LAYOUT), scheme == "light", every_text, kinds.get(scheme, [])]
    found, kinds[scheme] = page.evaluate(RUN, asked)
    return [f"{rule}: {targets[:4]}" for rule, targets in found]
