// The one script of a phone's page. It follows the phone, taps without loading the page anew, holds what is pasted before the
// camera, and says what has changed. Everything that it shows comes from the server: the page works without it.

const find = (selector, within = document) => within.querySelector(selector);
const base = document.body.dataset.base;
const glass = () => find("#screen");
const patience = 25_000; // how long one question about changes stays open
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

document.documentElement.classList.add("script");

// note shows what went wrong, or takes it away.
function note(text) {
  const place = find("[data-note]");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

// say tells those who listen what the screen shows now.
function say(text) {
  find("#said").textContent = text;
}

// --- drawing -----------------------------------------------------------------------------------------------------

let drawing = Promise.resolve();

// draw brings the screen up to date; one after the other, so that an older picture never replaces a newer one.
function draw() {
  drawing = drawing.then(redraw, redraw);
  return drawing;
}

async function redraw() {
  const response = await fetch(base + "screen", { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!response.ok) return;
  const fresh = find("#screen", new DOMParser().parseFromString(await response.text(), "text/html"));
  const old = glass();
  if (!fresh) return;
  if (fresh.dataset.revision === old.dataset.revision) {
    find(".status", old).replaceWith(find(".status", fresh)); // the time
    return;
  }
  replace(old, document.adoptNode(fresh));
}

// replace puts the fresh screen in place of the old one. The focus stays on what was tapped, if that is still there and the
// screen is the same; else it goes to the field that is to be filled in, or to the heading.
function replace(old, fresh) {
  const active = document.activeElement;
  const inside = old.contains(active) || active === document.body;
  const held = active?.dataset.control;
  const typed = find("#secret", old)?.value;
  const same = old.dataset.screen === fresh.dataset.screen && old.dataset.title === fresh.dataset.title;
  const told = same && old.dataset.text === fresh.dataset.text;
  old.replaceWith(fresh);
  document.title = `${fresh.dataset.title} – ${document.body.dataset.name}`;
  if (told && typed && find("#secret")) find("#secret").value = typed;
  if (inside) {
    const again = same && held && find(`[data-control="${CSS.escape(held)}"]`, fresh);
    (again || find("#secret", fresh) || find("h1", fresh) || fresh).focus({ preventScroll: same });
  }
  if (!told) say([same || inside ? "" : fresh.dataset.title, fresh.dataset.text].filter(Boolean).join(". "));
}

// follow asks again and again what has changed.
async function follow() {
  for (let lost = false; ; ) {
    try {
      const response = await fetch(`${base}view?after=${glass().dataset.revision}`,
        { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(patience) });
      if (!response.ok) throw new Error(String(response.status));
      await response.json();
      if (lost) note("");
      lost = false;
      await draw();
    } catch (error) {
      if (error.name === "TimeoutError") {
        await draw().catch(() => {});
        continue;
      }
      lost = true;
      note("The phone does not answer. Is it still running?");
      await pause(1000);
    }
  }
}

// live shows anew what the camera looks at, as long as the viewfinder is open.
async function live() {
  for (let turn = 0; ; turn++) {
    await pause(700);
    const picture = find("[data-live]");
    if (!picture || document.hidden) continue;
    const next = new Image();
    next.src = `${base}picture?turn=${turn}`;
    await next.decode().then(() => { picture.src = next.src; }, () => {});
  }
}

// --- tapping -----------------------------------------------------------------------------------------------------

// send posts a form and draws what came of it.
async function send(action, body) {
  try {
    const response = await fetch(action, { method: "POST", headers: { Accept: "application/json" }, body });
    const answer = await response.json();
    note(response.ok ? "" : answer.error);
    await draw();
    return response.ok;
  } catch {
    note("The phone does not answer. Is it still running?");
    return false;
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  const multipart = form.enctype === "multipart/form-data";
  if (await send(form.action, multipart ? data : new URLSearchParams(data))) {
    if (form.matches("[data-camera]")) form.reset();
  }
});

document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (!key) return;
  const field = find("#secret");
  field.value = key === "delete" ? field.value.slice(0, -1) : field.value + key;
});

document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  const text = event.clipboardData.getData("text/plain").trim();
  const body = new FormData();
  if (file) body.append("picture", file, "pasted");
  else if (text.startsWith("FIDO:/") && !event.target.closest("input")) body.append("code", text);
  else return;
  event.preventDefault();
  send(base + "camera", body);
});

find("#secret")?.focus();
follow();
live();
