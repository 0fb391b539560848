// Images dropped on the form that asks a model are sent at once; chosen ones too.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("[data-drop-files]")) {
    const zone = form.querySelector(".drop-zone");
    const input = form.querySelector("input[type=file]");
    const send = () => { if (input.files.length) form.requestSubmit(); };
    input.addEventListener("change", send);
    for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("is-over"); });
    for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      input.files = event.dataTransfer.files;
      send();
    });
  }
})();
