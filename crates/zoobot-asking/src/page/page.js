"use strict";

const token = new URLSearchParams(location.search).get("token");
const find = (selector) => document.querySelector(selector);

// The server's last state, the picture of each row, and whether an answer is being sent.
let state = null;
let busy = false;
const pictures = new Map();

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
    throw new Error("The server of this page does not answer: it was stopped.");
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error ?? `The server of this page said ${answer.status}.`);
  }
  return answer;
}

function say(error) {
  find("#message").hidden = !error;
  find("#message").textContent = error ? error.message : "";
}

function make(kind, values, ...children) {
  const made = Object.assign(document.createElement(kind), values);
  made.append(...children);
  return made;
}

// ---- pictures

function picture(row) {
  if (!pictures.has(row)) {
    const loaded = call(`/api/picture/${row}?side=512`).then((it) => it.blob()).then((it) => URL.createObjectURL(it));
    loaded.catch(() => pictures.delete(row));
    pictures.set(row, loaded);
    // A few of the next ones and the last ones are enough.
    for (const old of [...pictures.keys()].slice(0, -12)) {
      pictures.get(old).then((it) => URL.revokeObjectURL(it), () => {});
      pictures.delete(old);
    }
  }
  return pictures.get(row);
}

async function show(galaxy) {
  const frame = find("#frame");
  delete frame.dataset.zoomed;
  frame.replaceChildren();
  try {
    const source = await picture(galaxy.row);
    if (state.next[0]?.row === galaxy.row) frame.replaceChildren(make("img", { src: source, alt: `The galaxy ${galaxy.id}` }));
  } catch (error) {
    if (state.next[0]?.row === galaxy.row) frame.textContent = error.message;
  }
}

// ---- the view

function draw() {
  const galaxy = state.next[0];
  find("#question").textContent = `${state.words}?`;
  document.title = `${state.words}?`;
  const seen = state.answered + state.skipped;
  find("#progress").max = state.galaxies;
  find("#progress").value = seen;
  const skipped = state.skipped ? `, ${state.skipped} skipped` : "";
  find("#count").textContent = `${state.answered} of ${state.galaxies} answered${skipped}`;
  find("#last").textContent = state.answers.length;
  find("#undo").disabled = state.last === null;
  find("#skip").disabled = !galaxy;
  find("#galaxy").hidden = !galaxy;
  find("#idle").hidden = Boolean(galaxy);
  find("#idle").textContent = "There is no galaxy left for you. Thank you.";
  find("#choices").replaceChildren(...state.answers.map((answer, place) => {
    const button = make("button", { type: "button" }, make("kbd", {}, String(place + 1)), answer.words);
    button.dataset.answer = answer.name;
    button.onclick = () => send("answer", { id: state.next[0].id, answer: answer.name });
    return button;
  }));
  if (galaxy) {
    find("#name").textContent = galaxy.id;
    show(galaxy);
    for (const next of state.next.slice(1)) picture(next.row).catch(() => {});
  }
}

async function send(what, body) {
  if (busy) return;
  busy = true;
  try {
    const user = find("#who").value.trim();
    state = await (await call(`/api/${what}`, { user, ...body })).json();
    say(null);
    draw();
  } catch (error) {
    say(error);
  } finally {
    busy = false;
  }
}

function zoom(event) {
  const frame = find("#frame");
  if (!frame.firstElementChild) return;
  if ("zoomed" in frame.dataset) {
    delete frame.dataset.zoomed;
    return;
  }
  const box = frame.getBoundingClientRect();
  const inside = event && event.clientX ? [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height] : [0.5, 0.5];
  frame.style.setProperty("--x", `${100 * inside[0]}%`);
  frame.style.setProperty("--y", `${100 * inside[1]}%`);
  frame.dataset.zoomed = "";
}

// ---- keys

document.onkeydown = (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "INPUT" || !state) return;
  const galaxy = state.next[0];
  const key = event.key.toLowerCase();
  const answer = /^[1-9]$/.test(key) ? state.answers[Number(key) - 1] : undefined;
  if (answer && galaxy) send("answer", { id: galaxy.id, answer: answer.name });
  else if (key === "s" && galaxy) send("skip", { id: galaxy.id });
  else if (key === "u" && state.last !== null) send("undo", {});
  else if (key === "z") zoom();
  else return;
  event.preventDefault();
};

find("#frame").onclick = zoom;
find("#skip").onclick = () => send("skip", { id: state.next[0].id });
find("#undo").onclick = () => send("undo", {});
find("#who").onchange = () => {
  sessionStorage.setItem("who", find("#who").value.trim());
  find("#who").blur();
  send("state", {});
};
find("#save").onclick = async () => {
  try {
    const blob = await (await call("/api/answers.csv")).blob();
    const link = make("a", { href: URL.createObjectURL(blob), download: "answers.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) {
    say(error);
  }
};

find("#who").value = sessionStorage.getItem("who") ?? "";
send("state", {});
