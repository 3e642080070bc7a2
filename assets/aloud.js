// For those who listen or use the keyboard: what is said aloud, and where the focus goes when the
// button that had it is drawn away.
(() => {
  const FOCUSABLE = "button, a[href], input, textarea, select, summary, [tabindex='0']";
  const SAID = 6000; // milliseconds; a sentence that stayed would be read again while browsing
  const WAIT = 20000; // milliseconds for the answer to a click

  // It stands empty in the page from the start: a region that comes with its text is not read.
  const region = Object.assign(document.createElement("div"), { className: "unseen" });
  for (const [name, value] of [["role", "status"], ["aria-atomic", "false"]]) region.setAttribute(name, value);
  addEventListener("DOMContentLoaded", () => document.body.append(region));

  // Say a pair of sentences in the page's language. What has a `key` is said when it changes; it is
  // drawn many times.
  const last = new Map();
  const say = (pair, key) => {
    const text = pair?.[document.documentElement.dataset.lang];
    if (!text || (key && last.get(key) === text)) return;
    if (key) last.set(key, text);
    if ([...region.children].some((line) => line.textContent === text)) return;
    const line = document.createElement("p");
    line.textContent = text;
    region.append(line);
    setTimeout(() => line.remove(), SAID);
  };

  const usable = (node) => !node.disabled && node.checkVisibility?.() !== false && node.getClientRects().length;

  // The same button if it is there again, another one of its part, or what stands before that; the
  // card, for a button that started a run: the next press must not be on "cancel".
  const heir = (part, button) => {
    if (part.matches(".runbar")) return part.closest(".columns")?.querySelector(".get .card");
    const alike = [...part.querySelectorAll("button")].filter(usable);
    const same = alike.find((one) => one.dataset.act && one.dataset.act === button.dataset.act);
    const all = [...document.querySelectorAll(`.gradio-container :is(${FOCUSABLE})`)].filter(usable);
    const before = (node) => node.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING;
    return same || alike[0] || all.filter(before).at(-1);
  };

  const keepFocus = (button) => {
    const part = button.closest(".html-container, .runbar");
    if (!part) return;
    const look = () => {
      if (button.isConnected && usable(button)) return;
      watching.disconnect();
      if (document.activeElement === document.body || document.activeElement === button) heir(part, button)?.focus({ preventScroll: true });
    };
    const watching = new MutationObserver(() => requestAnimationFrame(look));
    watching.observe(part, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    setTimeout(() => watching.disconnect(), WAIT);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(":is(.html-container, .runbar) button");
    if (button) keepFocus(button);
  });

  Object.assign(studio, { say });
})();
