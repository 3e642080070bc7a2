// A mask painted over the picture of a form. Strokes are kept as shares of the picture's sides and
// sent as numbers; the studio draws them. Nothing is loaded or sent while the section is closed.
(() => {
  const { both, escape } = studio.tools;
  const INK = "#ff2d6f";
  const NEAR = 0.003; // of a side; points closer together, or than an eighth of the brush, are one

  const named = (pair) => escape(`${pair.en} / ${pair.zh}`);
  const paint = (words) => `<details class="paint"><summary>${both(words.title)}<i></i></summary>
    <p>${both(words.hint)}</p><p class="empty">${both(words.empty)}</p>
    <div class="sheet"><img alt="" draggable="false"><canvas tabindex="0" role="application" aria-label="${named(words.title)}" aria-description="${named(words.keys)}"></canvas>
      <p class="keys">${both(words.keys)}</p></div>
    <div class="acts"><input type="range" min="1" max="20" value="6" aria-label="${named(words.brush)}" title="${named(words.brush)}">
      <button type="button" data-paint="undo">${both(words.undo)}</button><button type="button" data-paint="clear">${both(words.clear)}</button></div></details>`;

  const line = (pen, width, points, canvas) => {
    pen.lineWidth = width * Math.max(canvas.width, canvas.height);
    pen.beginPath();
    for (let at = 0; at < points.length; at += 2) pen.lineTo(points[at] * canvas.width, points[at + 1] * canvas.height);
    if (points.length === 2) pen.lineTo(points[0] * canvas.width + 0.01, points[1] * canvas.height);
    pen.stroke();
  };

  // Where the keyboard's brush is; filled while it paints.
  const ring = (pen, width, [x, y], canvas, down) => {
    const half = Math.max(5, (width * Math.max(canvas.width, canvas.height)) / 2);
    for (const [colour, thick] of [["#fff", 5], ["#000", 2]]) {
      Object.assign(pen, { strokeStyle: colour, lineWidth: thick });
      pen.beginPath();
      pen.arc(x * canvas.width, y * canvas.height, half, 0, 2 * Math.PI);
      pen.stroke();
    }
    if (down) pen.fill();
  };

  // An older mask, black and white, in the colour of the paint.
  const tint = (pen, layer, { width, height }) => {
    pen.drawImage(layer, 0, 0, width, height);
    const mask = pen.getImageData(0, 0, width, height);
    for (let at = 0; at < mask.data.length; at += 4) mask.data[at + 3] = mask.data[at];
    pen.putImageData(mask, 0, 0);
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = INK;
    pen.fillRect(0, 0, width, height);
    pen.globalCompositeOperation = "source-over";
  };

  // `source` is the id of the picture's field; `props`, `watch` and `trigger` are Gradio's.
  const paintOver = (element, props, watch, trigger, source) => {
    const find = (selector) => element.querySelector(selector);
    const layer = new Image();
    let stroke = null, seen = "", brush = null; // brush: where the keyboard holds it

    const kept = () => props.value || { strokes: [], layer: "", picture: "" };
    const keep = (strokes, older) => {
      props.value = strokes.length || older ? { strokes, layer: older, picture: seen } : null;
      trigger("change");
      show();
    };

    const draw = () => {
      const canvas = find("canvas"), pen = canvas.getContext("2d");
      canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
      canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
      if (!canvas.width || !canvas.height) return;
      if (kept().layer && layer.complete && layer.naturalWidth) tint(pen, layer, canvas);
      Object.assign(pen, { strokeStyle: INK, lineCap: "round", lineJoin: "round" });
      for (const [width, points] of [...kept().strokes, ...(stroke ? [stroke] : [])]) line(pen, width, points, canvas);
      if (brush) ring(pen, size(), brush, canvas, Boolean(stroke));
    };
    const size = () => Number(find("input").value) / 100; // of the longer side

    const show = () => {
      find(".paint").classList.toggle("painted", Boolean(props.value));
      find(".paint").classList.toggle("bare", !seen);
      if (!find(".paint").open || !seen) return;
      const picture = find(".sheet img");
      if (picture.src !== seen) picture.src = seen;
      const older = kept().layer && new URL(`gradio_api/file=${encodeURI(kept().layer)}`, location.href.split("?")[0]).href;
      if (older && layer.src !== older) layer.src = older;
      draw();
    };

    // Paint belongs to one picture: over another one it would be in the wrong place.
    const look = () => {
      const now = document.querySelector(`#${source} .image-frame img, #${source} .image-container img`)?.src || "";
      if (now === seen) return;
      seen = now;
      if (now && props.value && !decodeURI(now).endsWith(decodeURI(kept().picture))) keep([], "");
      show();
    };

    const place = (event) => {
      const sheet = find("canvas").getBoundingClientRect();
      return [(event.clientX - sheet.left) / sheet.width, (event.clientY - sheet.top) / sheet.height].map((share) => Number(share.toFixed(4)));
    };
    element.addEventListener("pointerdown", (event) => {
      if (!event.target.matches("canvas") || !event.isPrimary || event.button) return;
      event.preventDefault();
      event.target.setPointerCapture(event.pointerId);
      brush = null;
      stroke = [size(), place(event)];
      draw();
    });
    element.addEventListener("pointermove", (event) => {
      if (!stroke) return;
      const [x, y] = place(event), points = stroke[1];
      if (Math.hypot(x - points.at(-2), y - points.at(-1)) < Math.max(NEAR, stroke[0] / 8)) return;
      points.push(x, y);
      line(event.target.getContext("2d"), stroke[0], points.slice(-4), event.target);
    });
    const lift = () => {
      if (!stroke) return;
      const strokes = [...kept().strokes, stroke];
      stroke = null;
      keep(strokes, kept().layer);
    };
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, lift);

    // Arrow keys move the brush by half its width, with Shift by a tenth; space or Enter puts it
    // down and lifts it, Escape lifts it.
    const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = ([right, down], share) => {
      const { width, height } = find("canvas"), step = share * size() * Math.max(width, height);
      const within = (number) => Number(Math.min(1, Math.max(0, number)).toFixed(4));
      brush = [within(brush[0] + (right * step) / width), within(brush[1] + (down * step) / height)];
      stroke?.[1].push(...brush);
    };
    element.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key], press = [" ", "Enter"].includes(event.key);
      if (!event.target.matches("canvas") || !(arrow || press || (event.key === "Escape" && stroke))) return;
      event.preventDefault();
      brush ||= [0.5, 0.5];
      if (arrow) move(arrow, event.shiftKey ? 0.1 : 0.5);
      else if (stroke) return lift();
      else stroke = [size(), [...brush]];
      draw();
    });
    element.addEventListener("focusin", (event) => {
      if (!event.target.matches("canvas:focus-visible")) return;
      brush ||= [0.5, 0.5];
      draw();
    });
    element.addEventListener("focusout", (event) => {
      if (!event.target.matches("canvas")) return;
      brush = null;
      lift();
      draw();
    });
    element.addEventListener("click", (event) => {
      const act = event.target.closest("[data-paint]")?.dataset.paint;
      if (act === "undo") keep(kept().strokes.slice(0, -1), kept().layer);
      if (act === "clear") keep([], "");
    });
    element.addEventListener("toggle", () => { look(); show(); }, true);
    element.addEventListener("load", draw, true);
    layer.addEventListener("load", draw);
    addEventListener("resize", show);
    watch("value", () => { look(); show(); });
    const form = element.closest(".give") || document.body;
    new MutationObserver(look).observe(form, { subtree: true, childList: true, attributeFilter: ["src"] });
    look();
  };

  Object.assign(studio, { paint, paintOver });
})();
