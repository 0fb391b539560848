// Choosing in the gallery: by click, shift, dragging a box, all, or the best so many. Also of images that are not drawn yet.
(() => {
  "use strict";
  const whole = document.querySelector(".set-images");
  if (!whole) return;
  const bar = whole.querySelector("[data-selection]");
  const gallery = () => document.getElementById("gallery");
  const ticks = () => [...gallery().querySelectorAll(".shot__tick")];
  const chosen = new Set();
  let last = null;
  // What all or the best so many were chosen by, until one more click changes the choice: then runs of numbers are sent.
  let chosenBy = "";

  // The histogram says which part is shown while the slider still moves.
  const look = document.getElementById("look");
  const sliders = look ? [...look.querySelectorAll("input[type=range]")] : [];
  function paint() {
    if (!sliders.length) return;
    const [least, most] = sliders.map((slider) => Number(slider.value));
    for (const rect of look.querySelectorAll("rect")) {
      rect.classList.toggle("is-out", Number(rect.dataset.most) <= least || Number(rect.dataset.least) >= most);
    }
    const number = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2 });
    look.querySelector("[data-range-words]").textContent = `${number.format(least)} – ${number.format(most)}`;
  }
  for (const slider of sliders) {
    slider.addEventListener("input", () => {
      const [low, high] = sliders;
      if (slider === low && Number(low.value) > Number(high.value)) low.value = high.value;
      if (slider === high && Number(high.value) < Number(low.value)) high.value = low.value;
      paint();
    });
  }
  paint();
  // What is the default is not sent.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== look) return;
    const sent = event.detail.parameters;
    if (Number(sent.min) === 0) delete sent.min;
    if (Number(sent.max) === 1) delete sent.max;
    if (sent.sort === "index") delete sent.sort;
    if (!sent.scorer) delete sent.scorer;
  });

  if (!bar) return;
  function runs() {
    const parts = [];
    for (const number of [...chosen].sort((one, other) => one - other)) {
      const run = parts.at(-1);
      if (run && number === run[1] + 1) run[1] = number;
      else parts.push([number, number]);
    }
    return parts.map(([first, end]) => (first === end ? `${first}` : `${first}-${end}`)).join(",");
  }
  function show() {
    whole.classList.toggle("is-choosing", chosen.size > 0);
    const count = bar.querySelector("[data-count]");
    count.textContent = `${new Intl.NumberFormat(document.documentElement.lang).format(chosen.size)} ${count.dataset.words}`;
    bar.querySelector("[data-runs]").value = chosenBy ? "" : runs();
    bar.querySelector("[data-whole]").value = chosenBy;
  }
  function mark() {
    for (const tick of ticks()) tick.checked = chosen.has(Number(tick.value));
    show();
  }
  function set(tick, on) {
    chosenBy = "";
    tick.checked = on;
    if (on) chosen.add(Number(tick.value));
    else chosen.delete(Number(tick.value));
  }
  function click(tick, on, isRange) {
    const all = ticks();
    const from = isRange && last ? all.indexOf(last) : -1;
    const to = all.indexOf(tick);
    if (from >= 0) all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => set(one, on));
    else set(tick, on);
    last = tick;
    show();
  }
  whole.addEventListener("click", (event) => {
    const tick = event.target.closest(".shot__tick");
    if (tick) return click(tick, tick.checked, event.shiftKey);
    // Once something is chosen, a click on a picture chooses too; to open one, choose nothing.
    const open = event.target.closest(".shot__open");
    if (open && (chosen.size || event.shiftKey) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const its = open.parentElement.querySelector(".shot__tick");
      click(its, !its.checked, event.shiftKey);
    }
  });
  whole.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-choose]");
    if (!button) return;
    const query = new URLSearchParams(gallery().dataset.query);
    query.delete("sort");
    if (button.dataset.choose === "best") query.set("best", look.querySelector("[data-best]").value.trim());
    const answer = await fetch(`${gallery().dataset.numbers}?${query}`);
    if (!answer.ok) return;
    chosen.clear();
    chosenBy = `?${query}`;
    for (const number of (await answer.json()).numbers) chosen.add(number);
    mark();
  });
  bar.addEventListener("reset", () => {
    chosen.clear();
    chosenBy = "";
    setTimeout(mark);
  });
  bar.addEventListener("submit", (event) => {
    bar.querySelector("[data-next]").value = location.pathname + location.search;
    // A download leaves the page where it is, so the form must not count as sent.
    if (event.submitter && event.submitter.value === "download") setTimeout(() => bar.removeAttribute("aria-busy"), 1000);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen.size && !event.target.matches("input:not([type=checkbox])")) bar.reset();
  });
  document.addEventListener("htmx:afterSettle", mark);

  // A box drawn with the mouse over the mat chooses what it touches.
  let start = null;
  whole.addEventListener("dragstart", (event) => event.preventDefault());
  whole.addEventListener("pointerdown", (event) => {
    const inside = event.target.closest("#gallery") && !event.target.closest("input, button");
    start = inside && event.button === 0 && event.pointerType === "mouse" ? { x: event.clientX, y: event.clientY } : null;
  });
  addEventListener("pointerup", (event) => {
    if (!start || Math.hypot(event.clientX - start.x, event.clientY - start.y) < 24) return;
    const box = [Math.min(start.x, event.clientX), Math.min(start.y, event.clientY), Math.max(start.x, event.clientX), Math.max(start.y, event.clientY)];
    for (const tick of ticks()) {
      const shot = tick.parentElement.getBoundingClientRect();
      if (shot.left < box[2] && shot.right > box[0] && shot.top < box[3] && shot.bottom > box[1]) set(tick, true);
    }
    show();
    addEventListener("click", (clicked) => { clicked.preventDefault(); clicked.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => { start = null; });
  });
})();
