// The certificate's print button; the browser's own menu does the same without it.
(() => {
  "use strict";
  for (const button of document.querySelectorAll("[data-prints]")) {
    button.addEventListener("click", () => window.print());
  }
})();
