// What a result is made of: the sentences of a script, the parts of a video; each with its takes,
// to be heard, chosen, changed and made again alone.
(() => {
  const { escape, both, PLAY, AGAIN } = studio.tools;
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const SPEEDS = [0.8, 0.9, 1, 1.1, 1.2, 1.3];
  const player = new Audio();

  const named = (pair) => escape(`${pair.en} / ${pair.zh}`);
  const choices = (name, options, chosen, label) => `<select data-field="${name}" aria-label="${named(label)}">${options.map(([value, text]) =>
    `<option value="${escape(value)}"${String(value) === String(chosen) ? " selected" : ""}>${escape(text)}</option>`).join("")}</select>`;

  const take = (entry, number, words) => `<button type="button" data-piece="take" class="take${entry.now ? " now" : ""}" aria-pressed="${Boolean(entry.now)}" title="${named(words.listen)}"
    data-id="${escape(entry.id)}" data-file="${escape(entry.file)}" data-seed="${escape(entry.seed)}" data-emotion="${escape(entry.emotion)}">${PLAY}${LETTERS[number] || number + 1}</button>`;

  const how = (entry, value) => {
    const language = document.documentElement.dataset.lang;
    const speeds = [...new Set([...SPEEDS, Number(entry.speed)])].sort((a, b) => a - b);
    return choices("emotion", value.emotions.map((item) => [item.value, item.label[language]]), entry.emotion, value.words.emotion)
      + choices("speed", speeds.map((speed) => [speed, `${speed.toFixed(2).replace(/0$/, "")}×`]), entry.speed, value.words.speed);
  };

  const piece = (entry, number, value) => `<li class="piece ${escape(entry.state)}" data-number="${number}" data-seed="${escape(entry.seed)}" data-pause="${escape(entry.pause)}">
    <i>${number + 1}</i>
    <div class="said">${value.emotions ? `<textarea rows="1" data-field="text" aria-label="${named(value.words.text)}">${escape(entry.text)}</textarea>` : `<b>${both(entry.label)}</b>`}
    ${entry.error ? `<p class="why">${both(entry.error)}</p>` : ""}
    <div class="how">${value.emotions ? how(entry, value) : ""}${entry.takes.map((item, at) => take(item, at, value.words)).join("")}
      ${!value.emotions && entry.takes.length > 1 ? `<button type="button" data-piece="use" class="use" hidden>${both(value.words.use)}</button>` : ""}
      ${entry.state === "new" ? "" : `<button type="button" data-piece="again" title="${named(value.words.again)}" aria-label="${named(value.words.again)}">${AGAIN}</button>`}</div></div></li>`;

  const pieces = (value) => !value ? "" : `<section class="pieces"><h3>${both(value.title)}</h3>
    ${value.note ? `<p>${both(value.note)}</p>` : ""}
    ${value.error ? `<p class="why" role="alert">${both(value.error)}</p>` : ""}
    <ol>${value.rows.map((entry, number) => piece(entry, number, value)).join("")}</ol>
    ${value.emotions ? "" : `<video controls playsinline hidden></video>`}
    ${value.emotions ? `<div class="acts"><button type="button" data-piece="split">${both(value.words.split)}</button>
      ${value.rows.length ? `<button type="button" data-piece="make" class="strong">${both(value.words.make)}</button>` : ""}</div>` : ""}</section>`;

  const read = (section) => [...section.querySelectorAll(".piece")].map((row) => {
    const field = (name) => row.querySelector(`[data-field=${name}]`).value;
    return { text: field("text"), emotion: field("emotion"), speed: Number(field("speed")), seed: Number(row.dataset.seed), pause: Number(row.dataset.pause) };
  });

  const play = (button, row, section) => {
    const source = new URL(`gradio_api/file=${encodeURI(button.dataset.file)}`, location.href.split("?")[0]).href;
    const screen = section.querySelector("video");
    const to = screen || player;
    if (screen) screen.hidden = false;
    to.src = source;
    to.playbackRate = Number(row.querySelector("[data-field=speed]")?.value || 1);
    to.play().catch(() => {});
  };

  const choose = (button, row) => {
    row.querySelectorAll(".take").forEach((other) => {
      other.classList.toggle("now", other === button);
      other.setAttribute("aria-pressed", other === button);
    });
    const emotion = row.querySelector("[data-field=emotion]");
    if (emotion) {
      emotion.value = button.dataset.emotion;
      row.dataset.seed = button.dataset.seed;
    }
    const use = row.querySelector(".use");
    if (use) use.hidden = false;
  };

  // A click in the list; `send(event, data)` is Gradio's trigger.
  const pieceClick = (event, element, send) => {
    const button = event.target.closest("[data-piece]");
    if (!button) return;
    const row = button.closest(".piece"), section = button.closest(".pieces"), name = button.dataset.piece;
    if (name === "take") { play(button, row, section); choose(button, row); return; }
    if (element.closest(".columns")?.querySelector(".card.running")) return;
    const number = row ? Number(row.dataset.number) : 0;
    const editable = Boolean(section.querySelector("[data-piece=split]"));
    if (name === "split") send("split", {});
    if (name === "use") send("redo", { number, take: row.querySelector(".take.now").dataset.id });
    if (name === "again" && !editable) send("redo", { number, take: "" });
    if (name === "again" && editable && !row.classList.contains("stopped")) row.dataset.seed = String(1 + Math.floor(Math.random() * 1e9));
    if (name === "make" || (name === "again" && editable)) send("make", { rows: read(section) });
  };

  // ---------------------------------------------------------------- which stretch of a recording
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const span = (start, keep) => `${clock(start)} – ${clock(Number(start) + Number(keep))}`;
  const stretch = ({ start, latest, keep, file, words }) => `<div class="stretch"><input type="range" data-start min="0" max="${Number(latest)}" step="0.1" value="${Number(start)}" data-keep="${Number(keep)}"
    aria-label="${named(words.from)}"><output>${span(start, keep)}</output><button type="button" class="mend" data-hear="${escape(file)}">${PLAY}${both(words.hear)}</button></div>`;

  const startOf = (node) => node.closest(".stretch").querySelector("[data-start]");
  const hear = (button) => {
    const slider = startOf(button), [start, keep] = [Number(slider.value), Number(slider.dataset.keep)];
    const source = new URL(`gradio_api/file=${encodeURI(button.dataset.hear)}`, location.href.split("?")[0]).href;
    player.playbackRate = 1;
    player.src = `${source}#t=${start},${start + keep}`;
    player.play().catch(() => {});
  };
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-start]")) return;
    startOf(event.target).nextElementSibling.textContent = span(event.target.value, event.target.dataset.keep);
    player.pause();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-hear]");
    if (button) hear(button);
  });

  // ---------------------------------------------------------------- many at once
  const line = (row, number) => `<li class="piece ${escape(row.state)}"><i>${number + 1}</i><div class="said">
    ${row.job ? `<a href="?job=${escape(row.job)}" target="_blank" rel="noopener">${escape(row.name)}</a>` : escape(row.name)}
    ${row.state === "now" ? `<small>${Number(row.percent)}%</small>` : ""}${row.error ? `<p class="why">${both(row.error)}</p>` : ""}</div></li>`;

  const press = (name, pair, strong) => `<button type="button" data-many="${name}"${strong ? ' class="strong"' : ""}>${both(pair)}</button>`;

  const many = (value) => {
    if (!value) return "";
    if (value.rows.length) studio.say(value.summary, "many");
    return `<section class="pieces"><p>${both(value.words.hint)}</p>
    ${value.error ? `<p class="why" role="alert">${both(value.error)}</p>` : ""}
    ${value.rows.length ? `<p>${both(value.summary)}</p>` : ""}
    ${value.running ? `<div class="track"><div style="width:${Math.max(2, Number(value.percent))}%"></div></div>` : ""}
    <ol>${value.rows.map(line).join("")}</ol>
    <div class="acts">${value.running ? press("stop", value.words.stop) : press("start", value.words.start, true)}
      ${value.failed ? press("retry", value.words.retry) : ""}</div></section>`;
  };

  // ---------------------------------------------------------------- saved voices
  const saved = (item, words) => `<span class="voice"><button type="button" data-voice="choose" data-id="${escape(item.id)}">${escape(item.name)}</button><button
    type="button" class="risky" data-voice="forget" data-act="erase" data-id="${escape(item.id)}" title="${named(words.delete)}" aria-label="${named(words.delete)}"><span class="plain">×</span><span class="ask">${both(words.sure)}</span></button></span>`;

  const voices = (value) => !value ? "" : `<section class="voices" aria-label="${named(value.words.title)}">${value.items.map((item) => saved(item, value.words)).join("")}
    <span class="voice"><input type="text" maxlength="40" aria-label="${named(value.words.name)}" placeholder="${escape(value.words.name[document.documentElement.dataset.lang])}"><button type="button" data-voice="keep">${both(value.words.keep)}</button></span>
    ${value.error ? `<p class="why" role="alert">${both(value.error)}</p>` : ""}</section>`;

  const keep = (element, send) => send("keep", { name: element.querySelector("input").value });
  const voiceClick = (event, element, send) => {
    const button = event.target.closest("[data-voice]");
    if (!button) return;
    if (button.dataset.voice === "keep") keep(element, send);
    else if (studio.certain(button)) send(button.dataset.voice, { id: button.dataset.id });
  };
  const voiceKey = (event, element, send) => {
    if (event.key === "Enter" && event.target.matches("input")) keep(element, send);
  };

  Object.assign(studio, { pieces, pieceClick, stretch, many, voices, voiceClick, voiceKey });
})();
