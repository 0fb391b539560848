// One of the twelve palms gives way to another every few seconds, for those who do not mind movement.
(() => {
  "use strict";
  const EVERY = 4000;
  const list = document.querySelector(".palms[data-further]");
  if (!list || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const waiting = list.dataset.further.split(" ").filter(Boolean);
  const places = [...list.querySelectorAll("img")];
  if (!waiting.length || !places.length) return;
  let last = -1;
  function change() {
    if (document.hidden) return;
    let place = Math.floor(Math.random() * places.length);
    if (place === last) place = (place + 1) % places.length;
    last = place;
    const image = places[place];
    const next = new Image();
    next.onload = () => {
      image.classList.add("is-leaving");
      setTimeout(() => {
        waiting.push(image.getAttribute("src"));
        image.src = next.src;
        image.classList.remove("is-leaving");
      }, 400);
    };
    next.src = waiting.shift();
  }
  setInterval(change, EVERY);
})();
