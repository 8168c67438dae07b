/* Draws the run that is chosen: its plane on a canvas, its losses as SVG with labels at their ends. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("runs").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const LABELS = { train: "train", valid: "validation" };

  const runOf = (pictures) => data.grids[pictures.dataset.grid].runs[+pictures.dataset.run];

  function colour(name) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  }

  /* The plane: probabilities between two colours that meet, where undecided, in the paper's. */
  function plane(run) {
    const ends = [colour("--first-plane"), colour("--second-plane")];
    const middle = colour("--undecided");
    const cells = data.cells;
    const small = document.createElement("canvas");
    small.width = small.height = cells;
    const image = new ImageData(cells, cells);
    const text = atob(run.surface);
    for (let i = 0; i < cells * cells; i++) {
      const certainty = text.charCodeAt(i) / 127.5 - 1;
      const end = ends[certainty > 0 ? 1 : 0];
      const row = cells - 1 - Math.floor(i / cells); // the first row is the lowest
      const at = 4 * (row * cells + (i % cells));
      for (let c = 0; c < 3; c++) image.data[at + c] = middle[c] + Math.abs(certainty) * (end[c] - middle[c]);
      image.data[at + 3] = 255;
    }
    small.getContext("2d").putImageData(image, 0, 0);
    return small;
  }

  function drawSurface(canvas, run) {
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(plane(run), 0, 0, width, height);
    const radius = width > 300 ? 4 : 2.5;
    const style = getComputedStyle(document.documentElement);
    const fills = ["--first", "--second"].map((name) => style.getPropertyValue(name));
    pen.strokeStyle = style.getPropertyValue("--rim");
    pen.lineWidth = 1;
    data.points.forEach(([x, y], i) => {
      const target = data.targets[run.noise][i];
      const px = (width * (x - data.x[0])) / (data.x[1] - data.x[0]);
      const py = height - (height * (y - data.y[0])) / (data.y[1] - data.y[0]);
      pen.beginPath();
      if (target === 0) pen.arc(px, py, radius, 0, 2 * Math.PI);
      else { // a diamond: the shape says the class too
        const r = 1.3 * radius;
        pen.moveTo(px, py - r); pen.lineTo(px + r, py); pen.lineTo(px, py + r); pen.lineTo(px - r, py);
        pen.closePath();
      }
      pen.fillStyle = fills[target];
      pen.fill();
      pen.stroke();
    });
  }

  function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* Powers of ten from 1 down, so far apart that no more than so many fit; few losses need 0.3 and 3. */
  function ticks(low, high, most) {
    const powers = [];
    for (let power = 0; Number(`1e${power}`) >= low; power--) powers.push(Number(`1e${power}`));
    const spaced = powers.filter((_, i) => i % Math.ceil(powers.length / most) === 0);
    return [...spaced, ...(powers.length < 3 ? [3, 0.3] : [])].filter((loss) => loss >= low && loss <= high);
  }

  /* Losses on a logarithmic axis that all runs of a grid share. */
  function drawLosses(svg, run, [lowest, highest]) {
    const [width, height] = [svg.clientWidth, svg.clientHeight];
    const isSmall = width < 300;
    const box = { left: 34, right: width - 74, top: 8, bottom: height - (isSmall ? 18 : 36) };
    const [low, high] = [Math.log(lowest / 1.15), Math.log(highest * 1.15)];
    const x = (epoch) => box.left + ((box.right - box.left) * epoch) / data.epochs;
    const y = (loss) => {
      const share = (Math.log(loss) - low) / (high - low);
      return box.bottom - (box.bottom - box.top) * share; // above the highest it leaves the picture
    };
    const inside = (at) => Math.max(box.top, at);
    const parts = [];
    for (const loss of ticks(lowest / 1.15, highest * 1.15, isSmall ? 4 : 5)) {
      parts.push(element("line", { class: "axis", x1: box.left, x2: box.right, y1: y(loss), y2: y(loss) }));
      parts.push(element("text", { x: box.left - 5, y: y(loss) + 4, "text-anchor": "end" }, loss < 0.001 ? loss.toExponential(0) : loss));
    }
    for (const epoch of isSmall ? [0, data.epochs] : [0, data.epochs / 2, data.epochs]) {
      const anchor = { 0: "start", [data.epochs]: "end" }[epoch] || "middle";
      parts.push(element("text", { x: x(epoch), y: box.bottom + 15, "text-anchor": anchor }, epoch));
    }
    if (!isSmall) {
      parts.push(element("text", { x: (box.left + box.right) / 2, y: height - 4, "text-anchor": "middle" }, "epoch"));
      parts.push(element("line", { class: "guessing", x1: box.left, x2: box.right, y1: y(Math.LN2), y2: y(Math.LN2) }));
      parts.push(element("text", { x: box.right + 6, y: y(Math.LN2) + 4, "data-end": y(Math.LN2) }, "guessing"));
    }
    for (const kind of ["train", "valid"]) {
      const known = run[kind].map((loss, i) => [i + 1, loss]).filter(([, loss]) => loss !== null);
      if (!known.length) continue;
      const line = known.map(([epoch, loss], i) => `${i ? "L" : "M"}${x(epoch).toFixed(1)} ${y(loss).toFixed(1)}`);
      parts.push(element("path", { class: kind, d: line.join("") }));
      const [epoch, loss] = known[known.length - 1];
      parts.push(element("text", { class: kind, x: x(epoch) + 6, "data-end": inside(y(loss)) }, LABELS[kind]));
    }
    const best = run.valid[run.best - 1];
    if (best !== null) parts.push(element("circle", { cx: x(run.best), cy: y(best), r: isSmall ? 3 : 5 }));
    svg.replaceChildren(...parts);
    setApart([...svg.querySelectorAll("[data-end]")], box);
  }

  /* Labels stand at the ends of their curves, moved as little as keeps them readable. */
  function setApart(labels, box) {
    const places = labels.map((label) => ({ label, at: +label.dataset.end })).sort((a, b) => a.at - b.at);
    for (let i = 1; i < places.length; i++) places[i].at = Math.max(places[i].at, places[i - 1].at + 14);
    let floor = box.bottom;
    for (const place of places.reverse()) {
      place.at = Math.min(place.at, floor);
      floor = place.at - 14;
      place.label.setAttribute("y", place.at + 4);
    }
  }

  function draw(pictures) {
    const run = runOf(pictures);
    drawSurface(pictures.querySelector(".surface"), run);
    drawLosses(pictures.querySelector(".losses"), run, data.grids[pictures.dataset.grid].losses);
  }

  /* The chosen run: the choices count like digits, the last one fastest. */
  function choose(form) {
    let index = 0;
    for (const choice of form.querySelectorAll("fieldset")) {
      index = index * +choice.dataset.size + +choice.querySelector("input:checked").value;
    }
    const explorer = form.closest(".explorer");
    const pictures = explorer.querySelector(".pictures");
    pictures.dataset.run = index;
    const run = runOf(pictures);
    explorer.querySelector(".said").textContent = run.sentence;
    explorer.querySelectorAll(".facts dd").forEach((place, i) => { place.textContent = run.facts[i]; });
    pictures.querySelector(".surface").setAttribute("aria-label", `Decision surface: ${run.sentence}`);
    draw(pictures);
  }

  const all = [...document.querySelectorAll(".pictures")];
  for (const form of document.querySelectorAll(".choices")) form.addEventListener("change", () => choose(form));
  dark.addEventListener("change", () => all.forEach(draw));
  const sizes = new ResizeObserver((changes) => changes.forEach((change) => draw(change.target)));
  all.forEach((pictures) => sizes.observe(pictures)); // calls at once, too
})();
