// A form never loses what was typed. What is sent is kept in this tab until the next page shows that it arrived; an error
// page leaves it there, and so does a page that asks who one is, when the session has ended meanwhile; the form, when the
// same person opens it again, gets it back. Passwords and files are never kept.
(() => {
  "use strict";
  const KEY = "draft";
  const ERROR = "[data-error-page]";
  const SIGN_IN = "form[data-sign-in]";
  const kept = (field) => field.name && !["password", "file", "hidden", "submit"].includes(field.type) && field.name !== "csrfmiddlewaretoken";

  function put(form, draft) {
    let restored = false;
    for (const field of [...form.elements].filter(kept)) {
      const values = draft.values[field.name];
      if (field.type === "checkbox" || field.type === "radio") {
        field.checked = Boolean(values && values.includes(field.value));
      } else if (field.tagName === "SELECT" && field.multiple) {
        for (const option of field.options) option.selected = Boolean(values && values.includes(option.value));
      } else if (values) {
        field.value = values[0];
      }
      restored = true;
    }
    return restored;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || "forget" in form.dataset) return;
    const values = {};
    for (const field of [...form.elements].filter(kept)) {
      if ((field.type === "checkbox" || field.type === "radio") && !field.checked) continue;
      const chosen = field.multiple && field.options ? [...field.selectedOptions].map((option) => option.value) : [field.value];
      values[field.name] = (values[field.name] || []).concat(chosen);
    }
    if (!Object.keys(values).length) return;
    const signIn = form.matches(SIGN_IN);
    // The name that is typed to sign in must not take the place of what waits for it.
    if (signIn && sessionStorage.getItem(KEY)) return;
    const index = [...document.forms].indexOf(form);
    sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, person: document.body.dataset.person, index, values, signIn }));
  });

  addEventListener("pageshow", () => {
    const stored = sessionStorage.getItem(KEY);
    if (!stored) return;
    const draft = JSON.parse(stored);
    if (document.querySelector(ERROR) || (document.querySelector(SIGN_IN) && !draft.signIn)) {
      sessionStorage.setItem(KEY, JSON.stringify({ ...draft, failed: true }));
      return;
    }
    const here = draft.path === location.pathname;
    const mine = draft.person === document.body.dataset.person;
    if (here && mine && draft.failed && document.forms[draft.index]) put(document.forms[draft.index], draft);
    if (here || !draft.failed) sessionStorage.removeItem(KEY);
  });
})();
