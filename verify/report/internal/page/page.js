"use strict";
// The page is whole without this: it only opens what is folded when it is asked for.
(() => {
  const all = () => document.querySelectorAll("details");
  const reveal = () => {
    const at = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!at) return;
    for (let d = at.closest("details"); d; d = d.parentElement && d.parentElement.closest("details")) d.open = true;
    at.scrollIntoView();
    const title = at.matches("details") ? at.querySelector("summary") : at;
    if (!title.hasAttribute("tabindex") && !title.matches("summary,a")) title.setAttribute("tabindex", "-1");
    title.focus({ preventScroll: true });
  };
  const toggle = document.getElementById("toggle");
  if (toggle) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      const open = toggle.getAttribute("aria-pressed") !== "true";
      for (const d of all()) d.open = open;
      toggle.setAttribute("aria-pressed", String(open));
      toggle.textContent = open ? "Fold all" : "Unfold all";
    });
  }
  let before = [];
  addEventListener("beforeprint", () => { before = [...all()].filter((d) => !d.open); for (const d of before) d.open = true; });
  addEventListener("afterprint", () => { for (const d of before) d.open = false; });
  addEventListener("hashchange", reveal);
  reveal();
})();
