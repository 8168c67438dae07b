/* Draws the open figures, and each folded one when its part is opened, in the reader's colours. */
(() => {
  "use strict";
  const themes = JSON.parse(document.getElementById("themes").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)").matches;
  const plots = [...document.querySelectorAll(".plot")];
  const drawn = new Map();
  const config = { displayModeBar: false, responsive: true };
  let printing = false;
  let closed = []; // before the page was printed

  /* Plotly is five million characters: it waits as text until the page's own words are shown. */
  function loadPlotly() {
    if (window.Plotly) return;
    const script = document.createElement("script");
    script.textContent = document.getElementById("plotly").textContent;
    document.head.append(script);
  }

  function themed(layout) {
    const theme = isDark() ? themes.dark : themes.light;
    // A finger that scrolls the page must not zoom a figure.
    return { ...layout, template: theme, dragmode: touch ? false : layout.dragmode };
  }

  function isDark() {
    return dark.matches && !printing;
  }

  /* The figure's JSON, its colours lit up on dark paper. */
  function read(key) {
    let text = document.getElementById(key + "-data").textContent;
    if (isDark()) {
      for (const [light, lit] of Object.entries(themes.on_dark)) text = text.replaceAll(light, lit);
    }
    return JSON.parse(text);
  }

  function draw(plot) {
    loadPlotly();
    const key = plot.dataset.figure;
    const known = drawn.get(key);
    const figure = known && known.dark === isDark() ? known : { ...read(key), dark: isDark() };
    figure.choice = known ? known.choice : "";
    drawn.set(key, figure);
    const data = figure.choice ? figure.choices[figure.choice] : figure.data;
    return Plotly.react(plot, data, themed(figure.layout), config);
  }

  function drawAll(only = () => true) {
    return Promise.all(plots.filter(only).map(draw));
  }

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        near.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "600px 0px" });
  // After the second frame the first one has been painted. What is folded waits until it is near.
  const begin = (plot) => (plot.closest("details") ? near.observe(plot) : draw(plot));
  requestAnimationFrame(() => requestAnimationFrame(() => plots.forEach(begin)));

  const redraw = () => drawAll((plot) => drawn.has(plot.dataset.figure));
  dark.addEventListener("change", redraw);

  for (const select of document.querySelectorAll("select[data-figure]")) {
    select.addEventListener("change", () => {
      const plot = document.getElementById(select.dataset.figure + "-plot");
      drawn.set(select.dataset.figure, { ...read(select.dataset.figure), dark: isDark(), choice: select.value });
      draw(plot);
    });
  }

  for (const button of document.querySelectorAll("button[data-save]")) {
    button.addEventListener("click", async () => {
      const plot = document.getElementById(button.dataset.save + "-plot");
      await draw(plot);
      Plotly.downloadImage(plot, { format: "svg", filename: button.dataset.save });
    });
  }

  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      button.textContent = (await copied(code)) ? "Copied" : "Select and copy";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  /* Browsers that keep the clipboard from files still copy what is selected. */
  async function copied(code) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  }

  /* A link into a folded part opens it; figures in it take their width when they are seen. */
  function unfold() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    const own = target.querySelector(":scope > details.part");
    for (let part = own || target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  }
  addEventListener("hashchange", unfold);
  unfold();
  document.querySelectorAll(".contents a").forEach((link) => {
    link.addEventListener("click", () => { if (link.hash === location.hash) unfold(); });
  });
  document.addEventListener("toggle", (event) => fill(event.target), true);

  /* What is opened is drawn, one figure a frame; what is folded inside it waits. */
  async function fill(part) {
    for (const plot of part.querySelectorAll(".plot")) {
      if (!part.open) return;
      if (drawn.has(plot.dataset.figure)) Plotly.Plots.resize(plot);
      else if (!plot.closest("details:not([open])")) {
        near.unobserve(plot);
        await draw(plot);
        await new Promise(requestAnimationFrame);
      }
    }
  }

  /* Say of what scrolls sideways that it does. */
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const card = target.closest(".table-card, .panel");
      card.classList.toggle("scrolls", target.scrollWidth > target.clientWidth + 1);
    }
  });
  document.querySelectorAll(".table-frame, .scroll").forEach((frame) => wide.observe(frame));

  /* Where the reader is, in the contents. */
  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const reading = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  document.querySelectorAll("main > section").forEach((part) => reading.observe(part));

  /* Print everything, on white, at the width of the paper. */
  addEventListener("beforeprint", () => {
    printing = true;
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((part) => { part.open = true; });
    drawAll();
    for (const plot of plots) {
      Plotly.relayout(plot, { width: plot.closest(".grid") ? 300 : 640, autosize: false });
    }
  });
  addEventListener("afterprint", () => {
    printing = false;
    closed.forEach((part) => { part.open = false; });
    for (const plot of plots) Plotly.relayout(plot, { width: null, autosize: true });
    redraw();
  });

  window.automl = { drawAll, plots };
})();
