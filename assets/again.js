// Gradio draws nothing but "Loading..." until all parts of the page are there, and asks once for
// each: where a network is gone for a moment, that would be for ever. A page that nobody could use
// yet is loaded again as soon as the server answers; one in use is not, or what is typed were lost.
(() => {
  const KEY = "comfy-again"; // how often in a row
  const LONGEST = 60; // seconds between two tries
  const session = (act) => { try { return act(sessionStorage); } catch { return null; } };

  // The first thing that a whole page does is to ask who is there.
  const inUse = () => performance.getEntriesByType("resource").some(({ name }) => name.includes("/queue/join"));
  const answers = () => fetch(location.href, { cache: "no-cache" }).then((answer) => answer.ok, () => false);

  let begun = false;
  const again = async () => {
    if (begun || inUse()) return;
    begun = true;
    const before = Number(session((kept) => kept.getItem(KEY)));
    session((kept) => kept.setItem(KEY, before + 1));
    do await new Promise((wake) => setTimeout(wake, 1000 * Math.min(2 ** before, LONGEST)));
    while (!(await answers()));
    location.reload();
  };

  addEventListener("vite:preloadError", again);
  addEventListener("error", ({ target }) => {
    if (target.matches?.("script[type=module], link[rel=stylesheet]")) again();
  }, true);
  addEventListener("pagehide", () => { if (inUse()) session((kept) => kept.removeItem(KEY)); });
})();
