"use strict";

const token = new URLSearchParams(location.search).get("token");
const find = (selector) => document.querySelector(selector);

// The server's last state; ratings that are being sent; the present view.
let state = null;
const sending = new Map();
let view = "rate";
let mode = "one";
let place = 0;
let detail = null;

// ---- the server

async function call(path, body) {
  const options = { headers: { "X-Zoobot-Token": token }, cache: "no-store" };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    const lost = new Error("The server of this page does not answer: it was stopped, or the notebook's kernel ended.");
    lost.lost = true;
    throw lost;
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error ?? `The server of this page said ${answer.status}.`);
  }
  return answer;
}

const ask = async (path, body) => (await call(path, body)).json();

function say(error) {
  const box = find("#message");
  box.textContent = error.message ?? error;
  box.dataset.lost = error.lost ? "yes" : "";
  box.hidden = false;
}

function hush(lostOnly) {
  const box = find("#message");
  if (!lostOnly || box.dataset.lost) box.hidden = true;
}

// Runs requests one after the other, in the order of the keys pressed.
let queue = Promise.resolve();
function then(work) {
  queue = queue.then(work).catch(say);
  return queue;
}

// ---- pictures and catalogue values of a galaxy, fetched once

const kept = new Map();
function once(key, make, drop) {
  if (!kept.has(key)) {
    const value = make();
    value.catch(() => kept.delete(key));
    kept.set(key, value);
    if (kept.size > 800) {
      const [oldest, gone] = kept.entries().next().value;
      kept.delete(oldest);
      gone.then((value) => typeof value === "string" && URL.revokeObjectURL(value)).catch(() => {});
    }
  }
  return kept.get(key);
}

const picture = (row, side) =>
  once(`${row} ${side}`, async () =>
    URL.createObjectURL(await (await call(`/api/picture/${row}?side=${side}`)).blob()));

const about = (row) => once(`about ${row}`, () => ask(`/api/galaxy/${row}`));

// ---- pieces

function make(tag, properties = {}, ...children) {
  const { data, aria, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(data ?? {})) element.dataset[name] = value;
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

function frame(item, side) {
  const box = make("span", { className: "frame" });
  picture(item.row, side).then(
    (address) => box.replaceChildren(make("img", { src: address, alt: item.id })),
    (error) => box.replaceChildren(error.message),
  );
  return box;
}

// 0 to 5, "skip", or null.
const said = (item) => item.rating ?? (item.skipped ? "skip" : null);
const rating = (item) => sending.get(item.row) ?? said(item);

function digits(item, after) {
  const box = make("div", { className: "digits" });
  for (let value = 0; value <= 5; value++) {
    const button = make("button", {
      type: "button", textContent: value, data: { digit: value },
      aria: { label: `rate ${item.id} ${value}`, pressed: rating(item) === value },
    });
    button.onclick = () => rate(item, value, after);
    box.append(button);
  }
  box.dataset.row = item.row;
  return box;
}

function large(item, after) {
  const known = make("div", { className: "known", data: { row: item.row } });
  tell(known);
  return make("div", { className: "large", data: { row: item.row } },
    near(item),
    make("div", {},
      make("p", { className: "name" }, item.id),
      make("p", { className: "why" }, item.why),
      digits(item, after),
      make("div", { className: "scale" }, make("span", {}, "of no interest"), make("span", {}, "exactly what I want")),
      note(item),
      known));
}

// Shows what the catalogue says about a galaxy, in the chosen columns.
function tell(known) {
  Promise.all([about(+known.dataset.row), columns()]).then(([{ about, links }, all]) => {
    const wanted = shownColumns(all);
    const rows = about.filter(([name]) => wanted.has(name))
      .map(([name, value]) => make("tr", {}, make("td", {}, name), make("td", {}, value)));
    known.replaceChildren();
    if (links.length) {
      known.append(make("p", { className: "links" }, ...links.map(([name, href]) =>
        make("a", { href, textContent: name, target: "_blank", rel: "noopener noreferrer" }))));
    }
    if (rows.length) {
      known.append(make("div", { className: "about" }, make("table", {}, make("tbody", {}, ...rows))));
    }
  }, say);
}

// Notes that are being written, kept so that nothing is lost when the page is redrawn.
const drafts = new Map();
const written = (item) => drafts.get(item.row) ?? item.note ?? "";

function note(item) {
  const box = make("textarea", { rows: 1, maxLength: 2000, value: written(item) });
  box.oninput = () => { drafts.set(item.row, box.value); };
  box.onchange = () => keep(item, box.value);
  box.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      box.blur();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      box.blur();
    }
  };
  return make("label", { className: "note" }, "Note ", make("kbd", {}, "N"), box);
}

function keep(item, text) {
  then(async () => {
    await ask("/api/note", { id: item.id, note: text });
    item.note = text.trim();
    ratedKey = "";
    hush();
    await refresh();
    // Only once the server's state has the note: an older answer would bring the old note back.
    if (drafts.get(item.row) === text) drafts.delete(item.row);
  });
}

// A picture that can be zoomed into: at the point of a click, or at the centre with the key.
function near(item) {
  const box = frame(item, 512);
  box.classList.add("near");
  const aim = (event) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    box.style.setProperty("--x", `${(100 * (event.clientX - left)) / width}%`);
    box.style.setProperty("--y", `${(100 * (event.clientY - top)) / height}%`);
  };
  box.onclick = (event) => {
    aim(event);
    zoom(box, item);
  };
  box.onmousemove = (event) => { if ("zoomed" in box.dataset) aim(event); };
  box.zoom = () => {
    box.style.removeProperty("--x");
    box.style.removeProperty("--y");
    zoom(box, item);
  };
  return box;
}

function zoom(box, item) {
  if ("zoomed" in box.dataset) {
    delete box.dataset.zoomed;
    return;
  }
  box.dataset.zoomed = "";
  picture(item.row, 1024).then((address) => {
    const image = box.querySelector("img");
    if (image) image.src = address;
  }, () => {});
}

// ---- how pictures look, and which columns are shown

const remembered = (name) => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
const remind = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* for this visit only */ } };

function develop() {
  const value = (name) => +find(`#${name}`).value;
  const root = document.documentElement.style;
  root.setProperty("--brightness", value("brightness"));
  root.setProperty("--contrast", value("contrast"));
  root.setProperty("--invert", find("#invert").checked ? 1 : 0);
  for (const band of document.querySelectorAll("#faint feComponentTransfer > *")) band.setAttribute("exponent", 1 / value("gamma"));
  remind("look", { brightness: value("brightness"), contrast: value("contrast"), gamma: value("gamma"), invert: find("#invert").checked });
}

const columns = () => once("columns", () => ask("/api/columns"));
const shownColumns = (all) => {
  const chosen = remembered("columns");
  return new Set(chosen ?? all.filter((column) => column.shown).map((column) => column.name));
};

async function drawColumns() {
  const all = await columns();
  const wanted = shownColumns(all);
  find("#columns").replaceChildren(...all.map(({ name }) => {
    const box = make("input", { type: "checkbox", checked: wanted.has(name), data: { column: name } });
    box.onchange = () => {
      const now = shownColumns(all);
      if (box.checked) now.add(name);
      else now.delete(name);
      remind("columns", [...now]);
      document.querySelectorAll(".known").forEach(tell);
    };
    return make("label", {}, box, name);
  }));
}

function tile(item, { onclick, label, after }) {
  const open = make("button", { type: "button", className: "open", onclick, aria: { label: `look at ${item.id}` } }, frame(item, 256));
  return make("div", { className: "tile", data: { row: item.row } },
    open, make("p", { className: "name" }, label ?? item.id), make("p", { className: "why" }, item.why), digits(item, after));
}

// Updates the ratings on show without redrawing.
function press() {
  for (const box of document.querySelectorAll(".digits")) {
    const row = +box.dataset.row;
    const value = sending.get(row) ?? shownRatings.get(row) ?? null;
    for (const button of box.children) button.setAttribute("aria-pressed", value === +button.dataset.digit);
    box.dataset.skipped = value === "skip" ? "yes" : "";
  }
}

// ---- rating

const items = () => state?.items ?? [];
// The last known rating of each galaxy on show, in any view.
const shownRatings = new Map();
const remember = (list) => list.forEach((item) => shownRatings.set(item.row, said(item)));

function rate(item, value, after) {
  sending.set(item.row, value);
  if (after !== "stay") forward(item);
  draw();
  then(async () => {
    try {
      if (value === "skip") await ask("/api/skip", { id: item.id });
      else await ask("/api/rate", { id: item.id, rating: value });
      shownRatings.set(item.row, value);
      hush();
      await refresh();
    } finally {
      // Only once the server's state has the rating: it would vanish in between.
      if (sending.get(item.row) === value) sending.delete(item.row);
      draw();
    }
  });
}

// Moves to the next galaxy that is neither rated nor skipped, from this one on.
function forward(item) {
  const list = items();
  const from = list.findIndex((other) => other.row === item.row);
  for (let step = 1; step <= list.length; step++) {
    const next = (from + step) % list.length;
    if (rating(list[next]) === null) {
      place = next;
      return;
    }
  }
}

function undo() {
  then(async () => {
    const { undone } = await ask("/api/undo", {});
    if (!undone) {
      say("There is nothing to take back.");
      return;
    }
    hush();
    shownRatings.set(undone.row, null);
    await refresh();
    const found = items().findIndex((item) => item.row === undone.row);
    if (found >= 0) place = found;
    draw();
  });
}

function retrain() {
  find("#fresh").textContent = "learning …";
  then(async () => {
    await ask("/api/retrain", { choice: find("#choice").value });
    hush();
    await refresh();
  });
}

// ---- drawing

function draw() {
  if (!state) return;
  const rows = items();
  const done = rows.filter((item) => rating(item) !== null).length;
  place = Math.min(place, Math.max(rows.length - 1, 0));
  find("#user").textContent = state.user ? `by ${state.user}` : "";
  const progress = find("#progress");
  progress.max = Math.max(rows.length, 1);
  progress.value = done;
  find("#count").textContent =
    `${done} of ${rows.length} in batch ${state.batch} · ${state.rated.toLocaleString("en")} of ${state.galaxies.toLocaleString("en")} rated`
    + (state.skipped ? ` · ${state.skipped.toLocaleString("en")} skipped` : "");
  drawModel();
  const complete = done === rows.length;
  const idle = find("#idle");
  idle.hidden = !complete;
  idle.textContent = rows.length === 0 && !state.training
    ? "All galaxies are rated or skipped."
    : state.problem ? "There is no new batch, see above." : "Learning from your ratings …";
  find("#one").hidden = mode !== "one" || complete;
  find("#strip").hidden = mode !== "one" || rows.length === 0;
  find("#grid").hidden = mode !== "grid" || rows.length === 0;
  if (mode === "one") drawOne(rows);
  else drawGrid(rows);
  press();
}

function drawModel() {
  const learnt = state.ranking;
  const fresh = find("#fresh");
  const seconds = learnt && (learnt.seconds < 0.01 ? "0.01" : learnt.seconds.toFixed(2));
  fresh.dataset.is = state.training ? "training" : learnt?.fresh ? "fresh" : "stale";
  fresh.textContent = state.training
    ? "learning …"
    : !learnt ? "no ranking yet"
    : learnt.fresh ? `ranking is up to date: ${count(learnt.ratings)}, learnt in ${seconds} s`
    : `ranking does not include your last ${learnt.behind === 1 ? "change" : `${learnt.behind} changes`} yet`;
  for (const hint of [find("#flat"), find("#flat-ranking")]) {
    hint.hidden = !learnt?.note;
    hint.textContent = learnt?.note ?? "";
  }
  find("#retrain").disabled = state.training;
  if (document.activeElement !== find("#choice") && !state.training) find("#choice").value = state.choice;
  if (state.problem) say(state.problem);
}

const count = (ratings) => `${ratings} rating${ratings === 1 ? "" : "s"}`;

// Redraws only when other galaxies are shown, to avoid flicker.
function renew(box, key, children) {
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...children());
}

function drawOne(rows) {
  const item = rows[place];
  if (!item) return;
  renew(find("#one"), `${item.row} ${item.why}`, () => [large(item)]);
  const note = find("#one textarea");
  if (note !== document.activeElement) note.value = written(item);
  const strip = find("#strip");
  renew(strip, rows.map((item) => item.row).join(), () => rows.map((item, number) => {
    const button = make("button", { type: "button", title: item.id, aria: { label: `galaxy ${number + 1} of this batch` } }, frame(item, 256));
    button.onclick = () => { place = number; draw(); };
    return button;
  }));
  rows.forEach((item, number) => {
    const button = strip.children[number];
    mark(button, number === place);
    button.querySelector(".mark")?.remove();
    if (rating(item) !== null) button.append(make("span", { className: "mark" }, rating(item) === "skip" ? "–" : rating(item)));
  });
  // Scrolls only the strip: the page itself must not move.
  if (strip.dataset.place !== `${state.batch} ${place}`) {
    strip.dataset.place = `${state.batch} ${place}`;
    const here = strip.children[place];
    strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }
  rows.forEach((item) => { picture(item.row, 512).catch(() => {}); });
}

function drawGrid(rows) {
  const grid = find("#grid");
  renew(grid, rows.map((item) => `${item.row} ${item.why}`).join(), () => rows.map((item, number) =>
    tile(item, { onclick: () => { place = number; mode = "one"; modes(); draw(); } })));
  rows.forEach((_, number) => mark(grid.children[number], number === place));
}

function mark(element, here) {
  if (here) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
}

let listed = { key: "", from: 0 };

async function drawRanking(more) {
  if (!state) return;
  const tiles = find("#ranking-tiles");
  const unrated = find("#unrated").checked;
  const key = `${state.ranking?.ratings} ${state.batch} ${unrated}`;
  if (!state.ranking) {
    find("#ranked").textContent = "There is no ranking yet: rate some galaxies first.";
    tiles.replaceChildren();
    return;
  }
  if (!more && listed.key === key) return;
  const from = more ? listed.from : 0;
  listed = { key, from: from + 48 };
  const { items, all } = await ask(`/api/ranking?from=${from}&count=48&unrated=${unrated}`);
  if (listed.key !== key) return;
  remember(items);
  const shown = items.map((item) => {
    const why = item.rating !== null ? `rated ${item.rating}, ${item.why}` : item.skipped ? `skipped, ${item.why}` : item.why;
    return tile({ ...item, why }, { label: `${item.rank}. ${item.id}`, onclick: () => look(item), after: "stay" });
  });
  if (more) tiles.append(...shown);
  else tiles.replaceChildren(...shown);
  find("#ranked").textContent =
    `The most interesting first, ${unrated ? "without" : "with"} rated ones; ${all.toLocaleString("en")} galaxies`;
  find("#more").hidden = listed.from >= all;
  press();
}

let ratedKey = "";

async function drawRated() {
  const key = `${state?.rated} ${state?.skipped} ${[...shownRatings.values()].join("")}`;
  if (ratedKey === key) return;
  ratedKey = key;
  const { items, all, skipped } = await ask("/api/rated");
  remember(items);
  remember(skipped);
  find("#given").textContent = all === 0
    ? "Nothing is rated yet."
    : `${all.toLocaleString("en")} rated, the last first${all > items.length ? `; ${items.length} shown` : ""}. Another click changes a rating.`;
  const tiles = (list) => list.map((item) =>
    tile({ ...item, why: item.note || item.why }, { onclick: () => look(item), after: "stay" }));
  find("#rated-tiles").replaceChildren(...tiles(items));
  find("#skipped").hidden = skipped.length === 0;
  find("#skipped-tiles").replaceChildren(...tiles(skipped));
  press();
}

function look(item) {
  detail = item;
  find("#large").replaceChildren(large(item, "stay"));
  find("#detail").showModal();
  press();
}

// ---- what comes from the server and from the person

let asked = 0;
let answered = 0;

async function refresh() {
  const number = ++asked;
  const answer = await ask("/api/state");
  // Answers may overtake each other; an answer older than the state on show is useless.
  if (number < answered) return;
  answered = number;
  const before = state?.batch;
  state = answer;
  remember(state.items);
  if (before !== state.batch) {
    const open = state.items.findIndex((item) => rating(item) === null);
    place = Math.max(open, 0);
  }
  draw();
  if (view === "ranking") await drawRanking();
  if (view === "rated") await drawRated();
}

async function poll() {
  if (!document.hidden) {
    try {
      await refresh();
      hush(true);
    } catch (error) {
      say(error);
    }
  }
  setTimeout(poll, state?.training ? 150 : 1000);
}

function modes() {
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", button.dataset.mode === mode);
  }
}

function show(name) {
  view = name;
  for (const button of document.querySelectorAll("[data-view]")) {
    if (button.dataset.view === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
    find(`#${button.dataset.view}`).hidden = button.dataset.view !== name;
  }
  if (name === "ranking") drawRanking().catch(say);
  if (name === "rated") drawRated().catch(say);
}

async function save(name) {
  const address = URL.createObjectURL(await (await call(`/api/${name}`)).blob());
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

for (const button of document.querySelectorAll("[data-view]")) button.onclick = () => show(button.dataset.view);
for (const button of document.querySelectorAll("[data-mode]")) {
  button.onclick = () => { mode = button.dataset.mode; modes(); draw(); };
}
for (const button of document.querySelectorAll("[data-save]")) {
  button.onclick = () => save(button.dataset.save).catch(say);
}
find("#undo").onclick = undo;
find("#skip").onclick = () => { const item = items()[place]; if (item) rate(item, "skip"); };
for (const name of ["brightness", "contrast", "gamma", "invert"]) find(`#${name}`).oninput = develop;
find("#plain").onclick = () => {
  for (const name of ["brightness", "contrast", "gamma"]) find(`#${name}`).value = 1;
  find("#invert").checked = false;
  develop();
};
find("#choose").ontoggle = () => drawColumns().catch(say);
find("#usual").onclick = () => {
  remind("columns", null);
  drawColumns().catch(say);
  document.querySelectorAll(".known").forEach(tell);
};
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
find("#retrain").onclick = retrain;
find("#choice").onchange = () => { find("#choice").blur(); retrain(); };
find("#unrated").onchange = () => drawRanking().catch(say);
find("#more").onclick = () => drawRanking(true).catch(say);
find("#close").onclick = () => find("#detail").close();
find("#detail").onclose = () => { detail = null; };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (["SELECT", "TEXTAREA"].includes(event.target.tagName) || event.target.type === "range") return;
  const key = event.key.toLowerCase();
  const item = detail ?? (view === "rate" ? items()[place] : null);
  if (/^[0-9]$/.test(key)) {
    if (!item) return;
    if (+key <= 5) rate(item, +key, detail ? "stay" : undefined);
    else say(`${key} is not a rating: ratings are from 0 to 5.`);
  } else if (key === "s" && item) rate(item, "skip", detail ? "stay" : undefined);
  else if (key === "z" && item) find(detail ? "#detail .near" : "#one .near")?.zoom();
  else if (key === "n" && item) find(detail ? "#detail .note textarea" : "#one .note textarea")?.focus();
  else if (key === "u") undo();
  else if (key === "r" && !state?.training) retrain();
  else if (view === "rate" && !detail && key === "g") { mode = mode === "one" ? "grid" : "one"; modes(); draw(); }
  else if (view === "rate" && !detail && (key === "arrowleft" || key === "arrowright")) {
    const rows = items().length;
    place = (place + (key === "arrowleft" ? rows - 1 : 1)) % Math.max(rows, 1);
    draw();
  } else return;
  event.preventDefault();
});

const former = remembered("look");
if (former) {
  for (const name of ["brightness", "contrast", "gamma"]) find(`#${name}`).value = former[name] ?? 1;
  find("#invert").checked = Boolean(former.invert);
}
develop();
poll();
