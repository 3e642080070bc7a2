// The page's own drawing and switches. Every part takes plain data and returns HTML; every text
// goes through `escape`. Both languages are in the page, the style sheet shows one.
(() => {
  const root = document.documentElement;
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private */ } };

  // ---------------------------------------------------------------- text
  const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (sign) => SIGNS[sign]);
  const both = (pair) => pair
    ? `<span class="l-zh" lang="zh-CN">${escape(pair.zh)}</span><span class="l-en" lang="en">${escape(pair.en)}</span>`
    : "";
  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };

  // ---------------------------------------------------------------- language
  const LOCALES = { zh: "zh-CN", en: "en" };
  const preferred = () => (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";

  const speak = (language) => {
    const locale = LOCALES[language];
    root.dataset.lang = language;
    root.lang = locale;
    // Inside another site's frame (Hugging Face) a cookie needs these to be sent at all.
    const framed = location.protocol === "https:" ? ";SameSite=None;Secure;Partitioned" : ";SameSite=Lax";
    document.cookie = `lang=${locale};path=/;max-age=31536000${framed}`;
  };

  // Gradio asks the browser once, and knows only exact names: "zh" or "zh-HK" would be English.
  const tellGradio = (locale) => {
    Object.defineProperty(Navigator.prototype, "language", { configurable: true, get: () => locale });
    Object.defineProperty(Navigator.prototype, "languages", { configurable: true, get: () => [locale] });
  };

  const gradioCore = () => {
    const names = performance.getEntriesByType("resource").map((entry) => entry.name);
    const core = names.find((name) => /\/assets\/core-[\w-]+\.js/.test(name));
    return core ? import(core) : Promise.reject(new Error("core not loaded"));
  };

  // Some texts of Gradio's do not follow a change of language: labels of tabs that were not opened
  // yet, and the words in upload areas. The style sheet writes the latter from these variables.
  let words = { tabs: {}, areas: {}, taps: {}, parts: {} };
  const finger = matchMedia("(pointer: coarse)").matches; // nothing can be dropped with one
  const respeak = () => {
    const language = root.dataset.lang;
    for (const [name, pair] of Object.entries(finger ? words.taps : words.areas)) {
      root.style.setProperty(`--words-${name}`, JSON.stringify(pair[language]));
    }
    for (const tab of document.querySelectorAll("#tabs button[role=tab]")) {
      const pair = words.tabs[tab.dataset.tabId];
      if (pair && tab.firstChild && tab.firstChild.data !== pair[language]) tab.firstChild.data = pair[language];
    }
  };

  const toggleLanguage = () => {
    const language = root.dataset.lang === "zh" ? "en" : "zh";
    store("comfy-language", language);
    speak(language);
    respeak();
    dispatchEvent(new CustomEvent("studio-language", { detail: language }));
    gradioCore().then((core) => core.changeLocale(LOCALES[language])).catch(() => location.reload());
  };

  // The one thing that Gradio says only in English.
  const LOST = "Connection to the server was lost";
  const translateToast = () => {
    for (const said of document.querySelectorAll('[data-testid="toast-text"]')) {
      if (!said.textContent.startsWith(LOST)) continue;
      const title = said.closest('[data-testid="toast-body"]')?.querySelector(".toast-title");
      said.firstChild.data = words.parts.lost[root.dataset.lang];
      if (title?.firstChild) title.firstChild.data = `${words.parts.lost_title[root.dataset.lang]} `;
    }
  };

  // ---------------------------------------------------------------- dark or light
  const applyTheme = () => {
    const theme = stored("comfy-theme");
    if (!theme || new URL(location.href).searchParams.get("__theme")) return;
    if (document.body.classList.contains("dark") !== (theme === "dark")) document.body.classList.toggle("dark");
  };

  const toggleTheme = () => {
    const dark = document.body.classList.contains("dark");
    store("comfy-theme", dark ? "light" : "dark");
    document.body.classList.toggle("dark", !dark);
  };

  // ---------------------------------------------------------------- where one was
  // A reload, also the one that Gradio does after a lost connection, comes back to the same tab.
  const keepPlace = () => {
    const tab = document.querySelector("#tabs button[role=tab].selected");
    if (tab) store("comfy-tab", tab.dataset.tabId);
  };
  addEventListener("pagehide", keepPlace);
  document.addEventListener("visibilitychange", keepPlace);

  // The tab, and the language of texts that are filled in from the start, are written into the
  // page's description before Gradio reads that: nothing is drawn twice.
  const settle = (parts) => {
    const place = stored("comfy-tab"), named = (id) => parts.find((part) => part.props?.elem_id === id)?.props;
    const tabs = named("tabs");
    if (tabs && parts.some((part) => part.type === "tabitem" && part.props.id === place)) tabs.selected = place;
    const defaults = named("header")?.value.words.defaults || [];
    for (const { type, props } of parts) {
      const pair = type === "textbox" && defaults.find((pair) => Object.values(pair).includes(props.value));
      if (pair) props.value = pair[root.dataset.lang];
    }
  };

  let description;
  Object.defineProperty(window, "gradio_config", {
    configurable: true,
    get: () => description,
    set: (value) => {
      description = value;
      settle(value?.components || []);
    },
  });

  // ---------------------------------------------------------------- bell
  // Sound and notification for a run that ended after a while, if asked for.
  const LONG_RUN = 8; // seconds
  const following = new Map(); // job -> seconds, while it runs
  let loud = null;

  const toggleBell = (button) => {
    const on = stored("comfy-bell") !== "on";
    store("comfy-bell", on ? "on" : "off");
    button.setAttribute("aria-pressed", on);
    if (!on) return;
    loud ||= window.AudioContext && new AudioContext(); // browsers want a click before any sound
    if (window.Notification?.permission === "default") Notification.requestPermission();
    chime();
  };

  const chime = () => {
    if (!loud) return;
    [[0, 660], [0.16, 880]].forEach(([delay, pitch]) => {
      const tone = loud.createOscillator(), volume = loud.createGain(), at = loud.currentTime + delay;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.12, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.35);
      tone.connect(volume).connect(loud.destination);
      tone.start(at);
      tone.stop(at + 0.36);
    });
  };

  const tell = (value) => {
    if (!value.job) return;
    if (value.running) { following.set(value.job, value.seconds); return; }
    const seen = following.delete(value.job);
    if (!seen || value.seconds < LONG_RUN || value.state === "cancelled" || stored("comfy-bell") !== "on") return;
    chime();
    if (document.hidden && window.Notification?.permission === "granted") {
      new Notification(document.title, { body: value.title[root.dataset.lang], icon: "favicon.ico" });
    }
  };

  // ---------------------------------------------------------------- pictures
  const icon = (size, body) => `<svg viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${body}</svg>`;
  const BELL = icon(17, '<path d="M6 9a6 6 0 0 1 12 0c0 6 2.5 7 2.5 8h-17c0-1 2.5-2 2.5-8zM10 20.5a2.2 2.2 0 0 0 4 0"/>');
  const AGAIN = icon(14, '<path d="M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6"/>');
  const BIN = icon(14, '<path d="M5 7h14M10 7V4.5h4V7M7 7l.8 13h8.4L17 7"/>');
  const PEN = icon(14, '<path d="M4 20l1-4L16.5 4.5l3 3L8 19z"/>');
  const CHAIN = icon(14, '<path d="M10 14a4 4 0 0 0 5.7 0l3.2-3.2a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.2 3.2a4 4 0 0 0 5.7 5.7l1.2-1.2"/>');
  const MOON = icon(17, '<path d="M20 14.5A8.5 8.5 0 1 1 9.5 4 7 7 0 0 0 20 14.5z"/>');
  const SUN = icon(17, '<circle cx="12" cy="12" r="4.2"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4"/>');
  const SOUND = icon(22, '<path d="M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3"/>');
  const PLAY = icon(14, '<path d="M8 5.5v13l11-6.5z" fill="currentColor"/>');
  const LOGO = `<svg class="logo" viewBox="0 0 32 32" width="34" height="34" aria-hidden="true">
    <defs><linearGradient id="logo-fill" x1="0" y1="0" x2="1" y2="1"><stop stop-color="#7c6cf6"/><stop offset="1" stop-color="#4a3bc0"/></linearGradient></defs>
    <rect width="32" height="32" rx="9" fill="url(#logo-fill)"/>
    <circle cx="15" cy="12.2" r="4.6" fill="#fff"/><path d="M6.5 25.5c.6-4.6 4-7 8.5-7s7.9 2.4 8.5 7z" fill="#fff"/>
    <path d="M23 9.3c1.1 1.7 1.1 4.1 0 5.8M25.6 7.6c1.9 2.8 1.9 6.4 0 9.2" fill="none" stroke="#fff" stroke-width="1.6" stroke-linecap="round" opacity=".85"/></svg>`;

  const drawing = (body) => `<svg viewBox="0 0 160 96" width="200" height="120" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${body}</svg>`;
  const FRAME = '<rect x="34" y="12" width="92" height="72" rx="10"/>';
  const BAR_HEIGHTS = [10, 24, 44, 60, 34, 52, 68, 40, 22, 46, 30, 14];
  const BARS = BAR_HEIGHTS.map((height, n) => `<path d="M${36 + n * 8} ${48 - height / 2}v${height}"${n < 5 ? ' class="hot"' : ""}/>`);
  const DRAWINGS = {
    image: drawing(`${FRAME}<path d="M34 70l20-20 14 14 22-26 36 36" opacity=".5"/><circle cx="58" cy="32" r="6" opacity=".5"/><path d="M80 4v88" class="hot"/><path d="M75 43l-5 5 5 5M85 43l5 5-5 5" class="hot"/>`),
    audio: drawing(BARS.join("")),
    video: drawing(`${FRAME}<circle cx="80" cy="40" r="12"/><path d="M56 76c2-13 11-20 24-20s22 7 24 20"/><path d="M106 32c4 5 4 11 0 16M112 27c7 8 7 18 0 26" class="hot"/>`),
    chain: drawing('<rect x="6" y="10" width="44" height="34" rx="7"/><path d="M6 38l10-10 7 7 11-13 16 16" opacity=".5"/><path d="M10 72v8M17 66v20M24 60v32M31 68v16M38 64v24M45 72v8" class="hot"/><path d="M60 27c14 0 10 21 24 21M60 76c14 0 10-28 24-28M79 43l6 5-6 5" opacity=".6"/><rect x="96" y="20" width="58" height="56" rx="9"/><circle cx="125" cy="42" r="8"/><path d="M109 68c1-9 7-13 16-13s15 4 16 13"/><path d="M140 36c3 3 3 8 0 11" class="hot"/>'),
  };

  const shown = (source) => typeof source === "string" && source.startsWith("data:image/");
  const face = (item) => shown(item.picture) ? `<img alt="" src="${escape(item.picture)}">` : `<span class="wave">${SOUND}</span>`;

  // ---------------------------------------------------------------- header
  const header = (value) => {
    words = value.words;
    root.toggleAttribute("data-away", value.away);
    queueMicrotask(respeak);
    return bar(value);
  };

  const badge = (value, size) => `<span class="badge ${size} ${escape(value.state)}"><i></i>${both(value.badge)}</span>`;

  const named = (pair) => escape(`${pair.en} / ${pair.zh}`);
  const tool = (name, pair, drawing, pressed) => `<button type="button" class="tool" data-do="${name}" title="${named(pair)}"
    aria-label="${named(pair)}"${pressed === undefined ? "" : ` aria-pressed="${pressed}"`}>${drawing}</button>`;

  const bar = (value) => `<header class="bar">
    <div class="brand">${LOGO}<div><h1>${both(value.title)}</h1><p class="tagline">${both(value.tagline)}</p>${badge(value, "small")}</div></div>
    <div class="tools">${badge(value, "large")}
      <button type="button" class="tool" data-do="language">${both(value.language)}</button>
      ${tool("bell", value.bell, BELL, stored("comfy-bell") === "on")}${tool("theme", value.theme, MOON + SUN)}
    </div></header>`;

  // ---------------------------------------------------------------- progress card
  const MARKS = { done: "✓", stopped: "–" };
  const step = (entry, number) =>
    `<li class="${escape(entry.state)}"><i>${MARKS[entry.state] || number + 1}</i>${both(entry.label)}</li>`;

  // A running clock goes on by itself between two messages from the server.
  const elapsed = (value) => value.running
    ? `<time data-seconds="${Number(value.seconds)}" data-at="${performance.now()}">${clock(value.seconds)}</time>`
    : `<time>${clock(Math.ceil(value.seconds))}</time>`;

  const numbers = (value) => value.seconds === undefined ? ""
    : `<span class="numbers">${value.running ? `<b>${Number(value.percent)}%</b>` : ""}${elapsed(value)}</span>`;

  const track = (value) => `<div class="track" role="progressbar" aria-label="${escape(value.title?.[root.dataset.lang])}" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="${Number(value.percent)}"><div style="width:${Math.max(Number(value.percent), 2)}%"></div></div>`;

  const idle = (value) => `<section class="card idle" tabindex="-1"><div class="drawing">${DRAWINGS[value.drawing] || DRAWINGS.image}</div>
    <strong>${both(value.title)}</strong><p>${both(value.detail)}</p></section>`;

  const card = (value) => {
    if (!value) return "";
    if (value.state === "idle") return idle(value);
    if (value.running && value.job && !following.has(value.job)) setTimeout(revealJob, 300, value.job);
    tell(value);
    studio.say(value.title, value.job);
    if (value.state === "completed") studio.arriving(value.job);
    if (value.at) queueMicrotask(() => { mark(document.getElementById(value.at), value.mark); goTo(value.at); });
    const steps = value.steps && value.state !== "completed" ? `<ol>${value.steps.map(step).join("")}</ol>` : "";
    return `<section class="card ${escape(value.state)}${value.running ? " running" : ""}" data-job="${escape(value.job)}" tabindex="-1">
      <div class="top"><strong>${both(value.title)}</strong>${value.saving ? `<strong class="saving">${both(value.saving)}</strong>` : ""}${value.badge ? `<span class="chip ${escape(value.quality)}">${both(value.badge)}</span>` : ""}${numbers(value)}</div>
      <p class="detail">${both(value.detail)}${value.saving ? `<span class="saving">${both(words.parts.saving_detail)}</span>` : ""}</p>
      ${value.running ? track(value) : ""}${steps}
      ${shown(value.preview) ? `<div class="live"><img alt="" src="${escape(value.preview)}"></div>` : ""}
      ${value.drawing && value.running && !value.preview ? `<div class="drawing waits">${DRAWINGS[value.drawing]}</div>` : ""}
      ${value.note ? `<p class="note">${both(value.note)}</p>` : ""}
      ${value.retry ? `<div class="acts"><button type="button" data-press="run-${escape(value.tab)}">${AGAIN}${both(value.retry)}</button></div>` : ""}</section>`;
  };

  // ---------------------------------------------------------------- start of a run
  // Says at once what is missing, or that it begins: to take in a large file needs a moment. `needs`
  // are [position, element, sentence, position of what may be given instead]; the first value is
  // what the card shows now, `card` its id: it is brought into sight.
  const prepare = (needs, card, shown, ...values) => {
    const empty = (value) => !value || (typeof value === "string" && !value.trim());
    const missing = needs.filter(([at, , , instead]) => empty(values[at]) && (instead < 0 || empty(values[instead])));
    for (const [, id] of needs) unmark(document.getElementById(id));
    missing.forEach(([, id, pair]) => mark(document.getElementById(id), pair));
    if (missing.length) {
      goTo(missing[0][1]);
      return { ...shown, follow: 0, begin: 0 };
    }
    reveal(card);
    return { ...preparing(shown), begin: Date.now() };
  };

  const preparing = (shown) => ({ state: "preparing", drawing: shown?.drawing || "", title: words.parts.prepare, saving: words.parts.saving, running: true, percent: 0, seconds: 0 });

  const goTo = (id) => {
    const field = document.getElementById(id);
    field?.scrollIntoView({ behavior: "smooth", block: "center" });
    field?.querySelector("textarea, button, input")?.focus({ preventScroll: true });
  };

  // What is folded away is not in the page until it is unfolded.
  const unfold = (fold, id) => {
    const title = document.querySelector(`#${CSS.escape(fold)} .label-wrap`);
    if (!title?.classList.contains("open")) title?.click();
    showField(id);
  };

  const mark = (field, pair) => {
    unmark(field);
    if (!field) return;
    field.classList.add("missing");
    field.insertAdjacentHTML("beforeend", `<p class="mark" role="alert">${both(pair)}</p>`);
  };
  const unmark = (field) => {
    field?.classList.remove("missing");
    field?.querySelectorAll(":scope > .mark").forEach((note) => note.remove());
  };
  const touched = (event) => unmark(event.target.closest?.(".missing"));

  // Press a button that another event may only be about to show.
  const press = (id, tries = 30) => {
    const button = document.getElementById(id);
    if (button && !button.disabled) return button.click();
    if (tries) setTimeout(press, 100, id, tries - 1);
  };

  let pressLater = "";
  const pressPending = () => { if (pressLater) press(pressLater); pressLater = ""; };

  // What cannot be undone: the first click only asks.
  const certain = (button) => {
    if (button.dataset.run) pressLater = button.dataset.run;
    if (button.dataset.act !== "erase" || button.classList.contains("sure")) return true;
    button.classList.add("sure");
    setTimeout(() => button.classList.remove("sure"), 3500);
    return false;
  };

  // ---------------------------------------------------------------- details of a result
  const row = (entry) => `<div><dt>${both(entry.label)}</dt><dd>${both(entry.value)}</dd></div>`;
  const source = (entry) => `<button type="button" class="link" data-act="open" data-id="${escape(entry.id)}">${both(entry.title)}</button>`;

  const related = (word, jobs) => jobs.length ? `<div><dt>${both(word)}</dt><dd>${jobs.map(source).join(" ")}</dd></div>` : "";

  const details = (value) => !value ? "" : `<section class="details"><h3>${both(value.title)}</h3>
    <dl>${value.rows.map(row).join("")}${related(value.words.from, value.sources)}${related(value.words.into, value.uses)}</dl>
    <div class="acts">
      <button type="button" data-act="again" data-id="${escape(value.job)}">${AGAIN}${both(value.words.again)}</button>
      <button type="button" data-do="change" data-tab="${escape(value.tab)}">${PEN}${both(value.words.change)}</button>
      <button type="button" data-do="link" data-id="${escape(value.job)}">${CHAIN}<span class="plain">${both(value.words.link)}</span><span class="done">${both(value.words.copied)}</span></button>
      <button type="button" class="risky" data-act="erase" data-id="${escape(value.job)}">${BIN}<span class="plain">${both(value.words.delete)}</span><span class="ask">${both(value.words.sure)}</span></button>
    </div></section>`;

  const change = (tab) => {
    const form = document.getElementById(`run-${tab}`)?.closest(".give");
    form?.scrollIntoView({ behavior: "smooth", block: "start" });
    form?.querySelector("textarea, button")?.focus({ preventScroll: true });
  };

  const copyLink = (button) => {
    const address = new URL(location.href);
    address.search = `?job=${encodeURIComponent(button.dataset.id)}`;
    const copied = navigator.clipboard ? navigator.clipboard.writeText(address.href) : Promise.reject(); // only https has one
    copied.then(() => {
      button.classList.add("copied");
      setTimeout(() => button.classList.remove("copied"), 2500);
    }, () => prompt("", address.href));
  };

  // ---------------------------------------------------------------- hints
  // Tabs that a guest link does not include. Gradio cannot hide one that was never opened.
  const closed = (names) => names && names.length
    ? `<style>${names.map((name) => `#tabs button[data-tab-id="${CSS.escape(name)}"]`).join(",")}{display:none}</style>` : "";
  const mend = (entry) => entry.field
    ? ` <button type="button" class="mend" data-do="unfold" data-fold="${escape(entry.fold)}" data-field="${escape(entry.field)}">${both(entry.title)}</button>`
    : ` <button type="button" class="mend" data-act="${escape(entry.act || "mend")}" data-id="${escape(entry.id)}">${both(entry.title)}</button>`;
  const hint = (value) => {
    if (!value?.length) return "";
    value.forEach((entry) => studio.say(entry));
    return `<ul class="hints${value.every((entry) => entry.calm) ? " calm" : ""}${value.some((entry) => entry.wrong) ? " wrong" : ""}">${value.map((entry) => `<li>${both(entry)}${entry.stretch ? studio.stretch(entry.stretch) : ""}${entry.mend ? mend(entry.mend) : ""}</li>`).join("")}</ul>`;
  };
  const presets = (value) => `<div class="presets">${value.map((entry) => `<button type="button" data-act="pick" data-id="${escape(entry.id)}">${both(entry.title)}</button>`).join("")}</div>`;

  // ---------------------------------------------------------------- examples, recent results
  const example = (item) => `<button type="button" data-act="pick" data-id="${escape(item.id)}">${face(item)}
    <span class="words"><b>${PLAY}${both(item.title)}</b>${item.text ? `<small>${escape(item.text)}</small>` : ""}</span></button>`;

  const examples = (value) =>
    `<section class="examples"><h3>${both(value.title)}</h3><div class="strip">${value.items.map(example).join("")}</div></section>`;

  const when = (seconds) => {
    const then = new Date(seconds * 1000), today = then.toDateString() === new Date().toDateString();
    return then.toLocaleString([], { ...(today ? {} : { month: "short", day: "numeric" }), hour: "2-digit", minute: "2-digit" });
  };

  const past = (item, words) => `<li class="past ${item.running ? "running" : ""}">
    <button type="button" class="open" data-act="open" data-id="${escape(item.id)}">
      <span class="face">${face(item)}${item.kind === "video" ? `<i>${PLAY}</i>` : ""}</span>
      <b>${both(item.title)}</b><small>${item.text ? escape(item.text) : escape(when(item.time))}</small></button>
    ${item.running ? "" : `<span class="tiny">
      <button type="button" data-act="again" data-id="${escape(item.id)}" data-run="run-${escape(item.tab)}" title="${named(words.again)}" aria-label="${named(words.again)}">${AGAIN}</button>
      <button type="button" class="risky" data-act="erase" data-id="${escape(item.id)}" title="${named(words.delete)}" aria-label="${named(words.delete)}">${BIN}<span class="ask">${both(words.sure)}</span></button></span>`}</li>`;

  const history = (value) => value.items.length
    ? `<section class="history"><h3>${both(value.title)}</h3><ul class="strip">${value.items.map((item) => past(item, value.words)).join("")}</ul></section>` : "";

  // Bring a part into sight when it is not (on a phone the result is below the form).
  const reveal = (id) => bring(document.getElementById(id));
  const revealJob = (job) => bring(document.querySelector(`.card[data-job="${CSS.escape(job)}"]`));
  const bring = (part) => {
    if (!part?.offsetParent) return;
    const top = part.getBoundingClientRect().top;
    if (top < 0 || top > innerHeight - 220) part.scrollIntoView({ behavior: "smooth", block: "start" });
  };

  // What was just put into a tab that is only about to be drawn: a field, or the whole result.
  const showField = (id, tries = 30) => {
    if (document.getElementById(id)?.offsetParent) goTo(id);
    else if (tries) setTimeout(showField, 100, id, tries - 1);
  };
  const showResult = () => setTimeout(() => bring([...document.querySelectorAll(".get")].find((panel) => panel.offsetParent)), 200);

  // ---------------------------------------------------------------- told before
  const told = (value) => {
    if (!value) return "";
    [value.text, value.why].forEach((pair) => studio.say(pair));
    return `<div class="told${value.warns ? " warns" : ""}"><p>${both(value.text)}</p>
    ${value.why ? `<p>${both(value.why)}</p>` : ""}
    ${value.proof ? `<button type="button" data-proof>${both(value.proof)}</button>` : ""}</div>`;
  };

  // What depends on a form is asked for when nobody has changed it for a moment.
  const asking = {};
  const whenChanged = (name, ask) => { asking[name] = { ask, timer: 0 }; };
  const changed = (name) => {
    const one = asking[name];
    if (!one) return;
    clearTimeout(one.timer);
    one.timer = setTimeout(one.ask, 500);
  };

  // ---------------------------------------------------------------- start
  // This script runs at the top of the page: before there is a body, and before Gradio.
  root.classList.toggle("insecure", !isSecureContext); // no camera, microphone or clipboard then
  const language = stored("comfy-language") || preferred();
  speak(language);
  tellGradio(LOCALES[language]);

  addEventListener("DOMContentLoaded", () => {
    applyTheme();
    new MutationObserver(applyTheme).observe(document.body, { attributeFilter: ["class"] });
  });

  const DO = {
    language: toggleLanguage,
    theme: toggleTheme,
    bell: toggleBell,
    link: copyLink,
    change: (button) => change(button.dataset.tab),
    unfold: (button) => unfold(button.dataset.fold, button.dataset.field),
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do], [data-press]");
    if (!button) return;
    if (button.dataset.press) press(button.dataset.press);
    else DO[button.dataset.do]?.(button);
  });
  for (const kind of ["input", "change", "drop", "paste", "click"]) document.addEventListener(kind, touched, true);
  // A link to a job has done its work once the page shows it; a reload shows what was last there.
  addEventListener("load", () => setTimeout(() => {
    const address = new URL(location.href);
    if (!address.searchParams.has("job")) return;
    address.searchParams.delete("job");
    window.history.replaceState(null, "", address);
  }, 8000));

  setInterval(() => {
    document.querySelectorAll(".missing:has(img, #waveform)").forEach(unmark); // filled by a click elsewhere
    translateToast();
    // Gradio's button around a picture has no name of its own
    for (const button of document.querySelectorAll(".image-container > button:not([aria-label])")) {
      button.setAttribute("aria-label", button.closest(".block")?.querySelector("label")?.textContent.trim() || "image");
    }
    // nor does its button for the speed have what it shows in its name
    for (const button of document.querySelectorAll("button.playback[aria-label]")) {
      const shown = button.textContent.trim(), name = button.getAttribute("aria-label");
      if (!name.startsWith(shown)) button.setAttribute("aria-label", `${shown}. ${name}`);
    }
    for (const element of document.querySelectorAll("time[data-at]")) {
      const gone = (performance.now() - Number(element.dataset.at)) / 1000;
      element.textContent = clock(Number(element.dataset.seconds) + gone);
    }
  }, 250);

  window.studio = { header, closed, card, examples, history, details, hint, presets, prepare, preparing, certain, press, pressPending, showField, showResult, told, whenChanged, changed, tools: { escape, both, PLAY, AGAIN, BIN } };
})();
