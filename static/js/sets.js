// Small movements of the pages of sets: errors drawn beside fields, arrivals kept few, keys of the full view, ticks counted.
(() => {
  "use strict";
  // htmx leaves an answer with an error alone; ours hold the form with what is wrong beside its fields.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 400 && /^\s*<(form|section)/.test(event.detail.xhr.responseText)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterSwap", () => {
    const wrong = document.querySelector("[data-draws-errors] [aria-invalid=true]");
    if (wrong && document.activeElement === document.body) wrong.focus();
    const arrived = document.getElementById("arrived");
    if (!arrived) return;
    while (arrived.children.length > Number(arrived.dataset.most)) arrived.lastElementChild.remove();
  });

  // While somebody answers the question in a dialog, the part around it is neither asked for nor drawn anew: an answer
  // may be on its way when the dialog opens. What it would have brought comes with the next one.
  for (const moment of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
    document.addEventListener(moment, (event) => {
      if (event.target.id === "order" && event.target.querySelector("dialog[open]")) event.preventDefault();
    });
  }

  const viewer = document.querySelector("[data-viewer]");
  if (viewer) {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const target = viewer.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (!target) return;
      event.preventDefault();
      target.click();
    });
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    if (event.target.matches(".history__tick")) {
      const words = event.target.form.querySelector("[data-ticked]");
      words.textContent = `${event.target.form.querySelectorAll(".history__tick:checked").length} ${words.dataset.words}`;
    }
  });
})();
