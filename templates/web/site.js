// What HTML alone cannot do: a part of a page that changes while someone reads it.
// A part has an id and `data-again`, the seconds until the next look. The server renders it whole, so the page is complete
// without this script. The focus and the scroll position stay; `role=status` on the part has its new text read out.
"use strict";

const LONGEST = 30;

async function lookAgain(part, seconds) {
  let next = seconds;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (!fresh) return;
      exchange(part, fresh);
    } else if (answer.status < 500) {
      // Signed out, or gone: the reader's next click shows why.
      return;
    } else {
      next = Math.min(2 * seconds, LONGEST);
    }
  } catch {
    // No connection at the moment.
    next = Math.min(2 * seconds, LONGEST);
  }
  watch(document.getElementById(part.id), next);
}

function exchange(part, fresh) {
  if (fresh.isEqualNode(part)) return;
  const at = part.contains(document.activeElement) ? [...part.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
  part.replaceChildren(...fresh.childNodes);
  if (fresh.dataset.again) part.dataset.again = fresh.dataset.again;
  else delete part.dataset.again;
  if (at >= 0) {
    const now = part.querySelectorAll("a, button")[at] ?? part;
    if (now === part) part.tabIndex = -1;
    now.focus({ preventScroll: true });
  }
}

function watch(part, seconds) {
  if (part?.dataset.again) setTimeout(() => lookAgain(part, seconds), 1000 * seconds);
}

for (const part of document.querySelectorAll("[id][data-again]")) watch(part, Number(part.dataset.again));
