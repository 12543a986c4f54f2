// The view in the browser: it shows HTML, reports what is pressed, and knows nothing about sessions or models.
function render({ model, el }) {
  el.classList.add("sx");
  el.dataset.lmSuppressShortcuts = "true";                      // keep JupyterLab's shortcuts off
  const root = () => el.closest(".sx-explorer") ?? el;
  const send = (message) => model.send({ ...message });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  let pressed = false, late = false;
  const releases = ["pointerup", "pointercancel", "dragend"];
  function release() {                                          // after the click event
    setTimeout(() => { pressed = false; if (late) { late = false; draw(); } });
  }
  el.addEventListener("pointerdown", () => { pressed = true; });
  for (const type of releases) document.addEventListener(type, release, true);

  function draw() {
    const top  = (n) => n.getBoundingClientRect().top - el.getBoundingClientRect().top;
    const was  = new Map([...el.querySelectorAll("[data-row]")].map((n) => [n.dataset.row, top(n)]));
    const held = el.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    if (pressed) { late = true; return; }                      // keep the pressed element until it is released
    el.innerHTML = model.get("html");
    if (held) [...el.querySelectorAll("[data-key]")].find((n) => n.dataset.key === held)?.focus({ preventScroll: true });
    if (!was.size || calm.matches) return;
    const now = [...el.querySelectorAll("[data-row]")].map((n) => [n, top(n)]);
    for (const [n, y] of now) {                                 // animate rows to their new positions
      const by = was.has(n.dataset.row) ? was.get(n.dataset.row) - y : 0;
      if (by) n.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: 220, easing: "ease-out" });
      else if (!was.has(n.dataset.row)) n.animate([{ opacity: 0 }, { opacity: 1 }], 220);
    }
  }

  function link(e) {
    const on = ["pointerover", "focusin"].includes(e.type) ? e.target.closest("[data-item]")?.dataset.item : undefined;
    for (const n of root().querySelectorAll("[data-item]")) n.classList.toggle("linked", on !== undefined && n.dataset.item === on && n.tagName !== "BUTTON");
  }
  for (const type of ["pointerover", "focusin", "pointerleave", "focusout"]) el.addEventListener(type, link);

  el.addEventListener("click", (e) => {
    const button = e.target.closest("[data-do]");
    if (!button || !el.contains(button)) return;
    if (button.dataset.do === "search") root().querySelector(".sx-search input")?.focus();
    else send(button.dataset);
  });
  el.addEventListener("keydown", (e) => {
    const card = e.target.closest("[data-at]"), row = e.target.closest(".rec"), button = e.target.closest("[role=button]");
    const back = { ArrowLeft: -1, ArrowRight: 1 }[e.key], down = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[e.key];
    let used = true;
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z") send({ do: e.shiftKey ? "redo" : "undo" });
    else if (card && e.key === "Delete") send({ do: "remove", at: card.dataset.at });
    else if (card && e.altKey && back) {
      card.dataset.key = `card:${+card.dataset.at + back}`;     // keep the focus on the moved card
      card.focus();
      send({ do: "move", at: card.dataset.at, to: +card.dataset.at + back });
    }
    else if (row && down) row[down]?.querySelector("button")?.focus();
    else if (row && e.key.toLowerCase() === "w" && !e.ctrlKey && !e.metaKey) row.querySelector(".why")?.click();
    else if (button && ["Enter", " "].includes(e.key)) send(button.dataset);
    else used = false;
    if (used) { e.preventDefault(); e.stopPropagation(); }
  });

  let dragged = null;
  el.addEventListener("dragstart", (e) => { dragged = e.target.closest?.("[data-at]")?.dataset.at; });
  el.addEventListener("dragover", (e) => { if (dragged != null && e.target.closest("[data-at]")) e.preventDefault(); });
  el.addEventListener("drop", (e) => {
    const to = e.target.closest("[data-at]")?.dataset.at;
    if (dragged != null && to != null) { e.preventDefault(); send({ do: "move", at: dragged, to }); }
    dragged = null;
  });

  function typed(e) {                                           // keys in the search field, a separate widget
    if (!e.target.closest?.(".sx-search") || !root().contains(e.target)) return;
    if (e.key === "Enter") send({ do: "add_text", text: e.target.value });
    if (e.key === "ArrowDown") { el.querySelector("button")?.focus(); e.preventDefault(); }
  }
  if (model.get("search")) document.addEventListener("keydown", typed, true);    // capture: before the field does

  function receive(m) {
    if (m.download) {
      const a = document.createElement("a");
      a.href = URL.createObjectURL(new Blob([m.text], { type: m.type }));
      a.download = m.download;
      a.click();
      URL.revokeObjectURL(a.href);
    }
    if (m.link) {
      const lab = document.querySelector(".jp-NotebookPanel"), url = location.href.split("#")[0] + m.link, field = root().querySelector(".sx-link input");
      if (!lab) history.replaceState(null, "", m.link);
      if (field) { field.value = lab ? m.link : url; field.select(); }
    }
  }
  model.on("msg:custom", receive);
  model.on("change:html", draw);
  draw();
  if (model.get("search") && location.hash.startsWith("#explorer=")) send({ do: "load_state", text: location.hash });
  return () => {
    for (const type of releases) document.removeEventListener(type, release, true);
    document.removeEventListener("keydown", typed, true);
    model.off("msg:custom", receive);
    model.off("change:html", draw);
  };
}
export default { render };
