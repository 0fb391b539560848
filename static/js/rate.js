// Keys of the rating page: 1 to 5 rate, letters mark artefacts, the left arrow goes back. Buttons do the same without it.
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
    const place = document.querySelector("[data-rates]");
    const target = place && place.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!target) return;
    event.preventDefault();
    target.click();
  });
  // Leaving is a page of its own and no part of this one.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-plain]");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    const form = button.form;
    form.action = button.formAction;
    form.submit();
  }, true);
})();
