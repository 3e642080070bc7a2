// A result arrives in parts: the card shrinks, players come, then grow to the size of their picture.
// Until all of it is there the panel keeps its height and what would move waits unseen, so that
// nothing jumps under a finger.
(() => {
  const LONGEST = 8000; // milliseconds
  const LOOK = 80;

  const loaded = (media) => (media.tagName === "IMG" ? media.complete : media.readyState > 0 || media.error || !media.currentSrc);
  const whole = (panel) => {
    const media = [...panel.querySelectorAll('.results :is(img, video, [data-testid^="waveform-"])')];
    return !panel.querySelector(".card.completed") || (panel.querySelector(".details") && media.length && media.every(loaded));
  };

  // On a phone the result is below the form: who watches the card is shown what came of it.
  const showWhole = (panel) => {
    const { top, bottom } = panel.getBoundingClientRect();
    const watched = top > -100 && top < innerHeight && !document.activeElement?.matches("textarea, input");
    if (watched && bottom > innerHeight && matchMedia("(max-width: 768px)").matches) panel.scrollIntoView({ behavior: "smooth", block: "start" });
  };

  const hold = (panel, height) => {
    const until = performance.now() + LONGEST;
    const seen = () => document.documentElement.classList.toggle("arriving", [...document.querySelectorAll(".get.arriving")].some((one) => one.getClientRects().length));
    const look = () => {
      if (!whole(panel) && performance.now() < until) return setTimeout(look, LOOK);
      panel.classList.remove("arriving");
      panel.style.minHeight = "";
      seen();
      showWhole(panel);
    };
    panel.classList.add("arriving");
    panel.style.minHeight = `${height}px`;
    seen();
    setTimeout(look, 2 * LOOK);
  };

  // Called while the card that says "completed" is drawn, before it is in the page.
  const arriving = (job) => {
    const panel = document.querySelector(`.card.running[data-job="${CSS.escape(job)}"]`)?.closest(".get");
    if (panel) hold(panel, panel.offsetHeight);
  };

  Object.assign(studio, { arriving });
})();
