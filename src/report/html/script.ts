/**
 * The JavaScript of the page: chooses the theme, filters and sorts the layers, opens the layer that
 * a link leads to. The page works without it; controls that need it are hidden until it runs. It is
 * kept as text because it runs in the reader's browser and must not depend on how this package is
 * compiled.
 */
export const script = `
(() => {
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  const recall = () => { try { return localStorage.getItem("blindspot-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("blindspot-theme", theme); } catch {} };
  const show = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    button.textContent = "Theme: " + theme;
    button.value = theme;
  };
  show(themes.includes(recall()) ? recall() : "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(button.value) + 1) % themes.length];
    show(next);
    keep(next);
  });

  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    const details = target && target.closest("details");
    if (!details) return;
    details.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#layer-']");
    if (link && link.hash === location.hash) open();
  });
  open();

  const tools = document.getElementById("tools");
  const body = document.querySelector(".layers tbody");
  if (!tools || !body) return;
  const rows = [...body.rows];
  const by = {
    index: (a, b) => a.dataset.index - b.dataset.index,
    removed: (a, b) => b.dataset.removed - a.dataset.removed,
    blocked: (a, b) => b.dataset.blocked - a.dataset.blocked,
    times: (a, b) => b.dataset.times - a.dataset.times,
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, undefined, { numeric: true }),
  };
  const update = () => {
    const { find, order, shown } = tools.elements;
    const wanted = find.value.trim().toLowerCase();
    let visible = 0;
    for (const row of rows) {
      row.hidden = !tools.elements[row.dataset.verdict].checked || !row.dataset.name.toLowerCase().includes(wanted);
      if (!row.hidden) visible++;
    }
    body.append(...rows.sort((a, b) => by[order.value](a, b) || by.index(a, b)));
    shown.value = visible === rows.length ? "" : visible + " of " + rows.length + " layers";
  };
  tools.addEventListener("input", update);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.reset();
  tools.hidden = rows.length < 2;
})();
`;
