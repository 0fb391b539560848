// The small movements of the frame: menus, theme, the tray of jobs, dialogs, toasts. Pages work without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Menus close on a click elsewhere and on Escape, which gives the focus back.
  const menus = () => all("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of menus()) {
      if (!menu.contains(event.target) && !("keepOpen" in menu.dataset)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      const held = menu.contains(document.activeElement);
      menu.open = false;
      if (held) menu.querySelector("summary").focus();
    }
  });

  // The tray stays open from page to page until the person closes it.
  const tray = document.querySelector("[data-menu=tray]");
  if (tray) {
    tray.open = sessionStorage.getItem("tray") === "open" && matchMedia("(min-width: 48rem)").matches;
    tray.addEventListener("toggle", () => sessionStorage.setItem("tray", tray.open ? "open" : "closed"));
    document.addEventListener("click", (event) => {
      if (tray.open && !tray.contains(event.target) && !event.target.closest("a")) tray.open = false;
    });
  }
  function countJobs() {
    const count = document.querySelector("[data-bell-count]");
    const holder = document.querySelector("#tray [data-running]");
    if (!count || !holder) return;
    const running = Number(holder.dataset.running) || 0;
    count.textContent = running > 99 ? "99+" : String(running);
    count.hidden = running === 0;
  }

  // A hidden tab asks nothing; what changes by itself does not take the focus away.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const polls = event.target.closest("[data-poll]") === event.target;
    if (polls && document.hidden) event.preventDefault();
  });
  // What a press of a button brings is drawn in the part that has the name when it comes: the part may have drawn itself
  // anew meanwhile, and the old one is in no document. What a part asked for by itself may be lost: it asks again.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target === detail.elt || !detail.target.id) return;
    // Before the load, at which htmx looks where to draw.
    detail.xhr.addEventListener("readystatechange", () => {
      if (!detail.target.isConnected) detail.target = document.getElementById(detail.target.id) || detail.target;
    });
  });
  let focused = null;
  const stops = (within) => all("a[href], button, input, select, textarea, summary", within);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    // A whole page where a part was asked for is the way to the door: the session has ended.
    if (/^\s*<!doctype html/i.test(event.detail.xhr.responseText)) {
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
    const index = stops(target).indexOf(document.activeElement);
    focused = index < 0 ? null : { id: target.id, index };
  });
  document.addEventListener("htmx:afterSettle", () => {
    const target = focused && focused.id && document.getElementById(focused.id);
    const stop = target && stops(target)[focused.index];
    if (stop && document.activeElement === document.body) stop.focus();
    focused = null;
  });
  document.addEventListener("htmx:afterSwap", countJobs);
  document.addEventListener("htmx:afterSettle", countJobs);

  // A new theme shows at once and is kept by the server; without this script the form does both.
  for (const form of all("[data-theme-form]")) {
    form.addEventListener("submit", (event) => {
      const chosen = event.submitter && event.submitter.name === "theme" ? event.submitter : null;
      if (!chosen) return;
      event.preventDefault();
      const body = new FormData(form, chosen);
      fetch(form.action, { method: "POST", body, redirect: "manual" });
      if (chosen.value) root.dataset.theme = chosen.value;
      else delete root.dataset.theme;
      for (const button of all("button[name=theme]", form)) {
        button.setAttribute("aria-pressed", String(button === chosen));
      }
      const menu = form.closest("details");
      menu.querySelector("summary > .icon").replaceWith(chosen.querySelector(".icon").cloneNode(true));
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  // Dialogs, going back, copying.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
    const back = event.target.closest("[data-back]");
    if (back && history.length > 1) {
      event.preventDefault();
      history.back();
    }
    const copier = event.target.closest("[data-copies]");
    if (copier) copy(copier);
  });
  async function copy(button) {
    const source = document.getElementById(button.dataset.copies);
    const text = "value" in source ? source.value : source.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(source);
      return;
    }
    const word = button.querySelector("[data-copied]");
    if (word) word.textContent = word.dataset.copied;
  }

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const busy of all("[aria-busy=true]")) busy.removeAttribute("aria-busy");
  });

  // Toasts: from the page, or from a response that says HX-Trigger: {"toast": {"text": ..., "undo": ...}}.
  const toasts = document.querySelector("[data-toasts]");
  const leave = (toast) => setTimeout(() => toast.matches(":hover, :focus-within") ? leave(toast) : toast.remove(), 12000);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
  });
  document.addEventListener("toast", (event) => show(event.detail));
  function show(detail) {
    const toast = document.getElementById("toast-template").content.cloneNode(true).firstElementChild;
    toast.querySelector("[data-toast-text]").textContent = detail.text;
    const undo = toast.querySelector("[data-toast-undo]");
    undo.hidden = !detail.undo;
    if (detail.undo) undo.action = detail.undo;
    toasts.append(toast);
    leave(toast);
    return toast;
  }
  let offline = null;
  document.addEventListener("htmx:sendError", () => {
    if (!offline || !offline.isConnected) offline = show({ text: toasts.dataset.offline });
  });
  document.addEventListener("htmx:afterOnLoad", () => {
    if (offline) offline.remove();
    offline = null;
  });
  if (toasts) all("[data-toast]", toasts).forEach(leave);
})();
