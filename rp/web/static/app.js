// The one script of the site. It speaks to the browser's passkey calls, keeps the ceremony's three screens in one
// document, and improves forms that work without it where they can. It holds no text that a person reads: every
// text comes from the page. Every request ends by itself: `ask` gives up after a time.

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
const main = find("#main");
const canUsePasskeys = typeof PublicKeyCredential === "function" && !!navigator.credentials;

// --- asking the server -------------------------------------------------------------------------------------------

const patience = 15_000;

// NoAnswer: nothing came back, or nothing that makes sense. What the server did is unknown.
class NoAnswer extends Error {}

// ask sends a request and returns {status, body}. It throws NoAnswer for a lost request, for a status of 500 and
// above, and for a body that is not JSON.
async function ask(url, { method = "POST", json, form, wait = patience } = {}) {
  const headers = { Accept: "application/json" };
  let body;
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  } else if (form) {
    body = new URLSearchParams(new FormData(form));
  }
  try {
    const response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(wait), redirect: "error", cache: "no-store" });
    if (response.status >= 500) throw new NoAnswer(String(response.status));
    return { status: response.status, body: response.status === 204 ? {} : await response.json() };
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer(String(error));
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// A timer that ends with the signal, and at the latest with the page.
function after(ms, signal, act) {
  const id = setTimeout(act, ms);
  signal?.addEventListener("abort", () => clearTimeout(id), { once: true });
}

// --- signals to the browser's passkey store (WebAuthn L3 §5.1.10) ------------------------------------------------
// They are a courtesy: a browser without them, or one that refuses, changes nothing here.

async function signal(name, details) {
  if (!canUsePasskeys || typeof PublicKeyCredential[name] !== "function") return;
  try {
    await PublicKeyCredential[name](details);
  } catch {
    // nothing depends on it
  }
}

// The list is only in the page when the server was sure that it is complete.
function signalAccepted() {
  const list = find("#methods")?.dataset.accepted;
  if (list) signal("signalAllAcceptedCredentials", JSON.parse(list));
}

// An account may be renamed anywhere; the first visit to its page after that tells this browser.
function signalDetails() {
  const details = find("#methods")?.dataset.details;
  if (details) signal("signalCurrentUserDetails", JSON.parse(details));
}

// --- small manners of every page ---------------------------------------------------------------------------------

function say(element, text) {
  if (element) element.textContent = text ?? "";
}

function toast(text) {
  const place = find("[data-toast]");
  place.replaceChildren();
  if (!text) return;
  const line = document.createElement("span");
  line.textContent = text;
  setTimeout(() => { // a live region speaks when it changes
    place.replaceChildren(line);
    toastLeaves();
  }, 50);
}

// A message has said what it had to after a while; what it told stays on the page itself.
const toastStays = 10_000;

function toastLeaves() {
  const line = find("[data-toast] > *");
  if (line) setTimeout(() => line.remove(), toastStays);
}

function themeSwitch() {
  const form = find("[data-theme-switch]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = event.submitter?.value ?? "auto";
    if (chosen === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    for (const button of findAll("button", form)) button.setAttribute("aria-pressed", String(button.value === chosen));
    const body = new URLSearchParams(new FormData(form));
    body.set("theme", chosen);
    fetch(form.action, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(patience) }).catch(() => {});
  });
}

// Dates are written by the server in the reader's own time zone, which only the browser knows.
function tellZone() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  if (!timeZone || timeZone === document.documentElement.dataset.zone) return;
  const body = new URLSearchParams({ zone: timeZone });
  fetch("/preferences/zone", { method: "POST", body, redirect: "error", keepalive: true, signal: AbortSignal.timeout(patience) }).catch(() => {});
}

// One click is enough: a form goes out once. The choice of button is kept in the form, because a disabled button
// is not sent.
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const button = event.submitter;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    if (button?.name) {
      const kept = document.createElement("input");
      Object.assign(kept, { type: "hidden", name: button.name, value: button.value });
      form.append(kept);
    }
    for (const each of findAll("button", form)) each.disabled = true;
  });
}

// A page that comes back from the browser's memory shows a moment that has passed.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// When the session is over nothing of it stays on the screen, be the server reachable or not: the page empties itself when its
// time has come, and those in other tabs when the page that follows a sign-out tells them. The channel is the site's own.
function sessionEnds() {
  const over = find("template[data-ended]");
  const channel = new BroadcastChannel("session-over");
  const empty = () => {
    if (!over.isConnected) return;
    for (const leftover of findAll("dialog, nav .who, nav form, [data-toast] > *")) leftover.remove();
    main.replaceChildren(over.content.cloneNode(true));
    main.className = "page";
    main.classList.add("narrow");
    dispatchEvent(new Event("pagehide")); // what waits for the browser ends
    over.remove();
    document.title = find("h1", main).textContent;
    find("h1", main).focus();
  };
  if (over) {
    channel.onmessage = empty;
    setTimeout(empty, Number(document.body.dataset.ends));
  }
  if (find("[data-session-over]")) channel.postMessage("");
}

// What was typed into a password field can be looked at, until it is sent.
function revealing() {
  for (const button of findAll("[data-reveals]")) {
    const field = document.getElementById(button.dataset.reveals);
    const turn = (shown) => {
      button.setAttribute("aria-pressed", String(shown));
      field.type = shown ? "text" : "password";
    };
    button.addEventListener("click", () => turn(field.type === "password"));
    field.form.addEventListener("submit", () => turn(false));
  }
}

// Shortly before the proof ends the page offers to renew it, and says so politely.
function idleWarning() {
  const region = find("[data-idle]");
  if (!region) return;
  setTimeout(() => region.replaceChildren(find("template", region).content.cloneNode(true)), Number(region.dataset.idle));
}

function expiry() {
  const form = find("form[data-expire]");
  if (!form) return;
  setTimeout(() => {
    const expired = document.createElement("input");
    Object.assign(expired, { type: "hidden", name: "expired", value: "1" });
    form.append(expired);
    form.requestSubmit(find('[name="event"][value="back"]', form));
  }, Number(form.dataset.expire));
}

// --- dialogs -----------------------------------------------------------------------------------------------------

// openDialog shows a dialog; focus goes back to where it came from when it closes.
function openDialog(dialog, opener) {
  for (const button of findAll("[data-close]", dialog)) button.onclick = () => dialog.close();
  dialog.addEventListener("close", () => opener?.isConnected && opener.focus(), { once: true });
  dialog.showModal();
}

function cancelDialogs() {
  const dialog = find("[data-cancel-dialog]");
  if (!dialog) return;
  for (const button of findAll("[data-asks]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      openDialog(dialog, button);
    });
  }
}

// The field of a name keeps the direction that the server chose for as long as what is typed has letters of both.
function namesTurn() {
  const leftward = "[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc]";
  addEventListener("input", ({ target: field }) => {
    if (!field.matches('input[name="name"][dir]')) return;
    const other = field.value.replace(new RegExp(leftward, "gu"), "");
    field.dir = other !== field.value && /\p{L}/u.test(other) ? document.documentElement.dir : "auto";
  });
}

// --- Security info -----------------------------------------------------------------------------------------------

function securityInfo() {
  if (!find("#methods")) return;
  wireCards();
  signalAccepted();
  signalDetails();
  arrive(find("#methods").dataset);
}

function wireCards() {
  for (const card of findAll("[data-test='card']")) {
    const details = find("[data-details]", card);
    details.addEventListener("click", () => {
      const open = details.getAttribute("aria-expanded") !== "true";
      details.setAttribute("aria-expanded", String(open));
      find("dl.details", card).hidden = !open;
    });
    for (const button of findAll("[data-opens]", card)) {
      button.addEventListener("click", (event) => {
        event.preventDefault();
        cardDialog(card, button);
      });
    }
  }
}

// Focus and dialogs that the page before asked for.
function arrive({ focus, openDialog: which, openCard }) {
  const cards = findAll("[data-test='card']");
  if (which) {
    const card = cards.find((each) => each.dataset.credential === openCard);
    const button = card && find(`[data-opens="${which}"]`, card);
    if (button) cardDialog(card, button);
    history.replaceState(null, "", location.pathname);
    return;
  }
  if (focus === "add") find("[data-test='add']")?.focus();
  else if (focus === "list") find("#passkeys-title")?.focus();
  else if (focus) cards.find((each) => each.dataset.credential === focus)?.focus();
}

function cardDialog(card, opener) {
  const template = find(`template[data-dialog="${opener.dataset.opens}"]`, card);
  document.body.append(template.content.cloneNode(true));
  const dialog = document.body.lastElementChild;
  dialog.addEventListener("close", () => dialog.remove());
  const form = find("form", dialog);
  const place = findAll("[data-test='card']").indexOf(card);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.hasAttribute("data-delete")) deletePasskey(form, dialog, place);
    else renamePasskey(form, dialog, card.dataset.credential);
  });
  openDialog(dialog, opener);
  find("input[name='name']", dialog)?.select();
}

async function whileBusy(form, act) {
  const buttons = findAll("button:not([disabled])", form);
  for (const button of buttons) button.disabled = true;
  find("[data-failed]", form).hidden = true;
  try {
    await act();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    find("[data-failed]", form).hidden = false;
  }
  for (const button of buttons) button.disabled = false;
}

const deletePasskey = (form, dialog, place) => whileBusy(form, async () => {
  const { status, body } = await ask(form.action, { form });
  if (status === 204 || status === 404) {
    dialog.close();
    await refreshMethods();
    const cards = findAll("[data-test='card']");
    (cards[Math.min(place, cards.length - 1)] ?? find("#passkeys-title")).focus();
  } else if (body.next) {
    location.assign(body.next);
  } else {
    throw new NoAnswer(body.code);
  }
});

const renamePasskey = (form, dialog, credential) => whileBusy(form, async () => {
  const { status, body } = await ask(form.action, { form });
  if (status === 204 || status === 404) {
    dialog.close();
    await refreshMethods();
    const card = findAll("[data-test='card']").find((each) => each.dataset.credential === credential);
    (card && find("[data-opens='rename']", card) || find("#passkeys-title")).focus();
  } else if (status === 422) {
    const input = find("input[name='name']", form);
    const error = find("[data-error]", form);
    say(find("span", error), body.message);
    error.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  } else if (body.next) {
    location.assign(body.next);
  } else {
    throw new NoAnswer(body.code);
  }
});

// refreshMethods fetches the page again and takes its list and its message over: the server decides what is there.
async function refreshMethods() {
  let page;
  try {
    const response = await fetch("/security-info", { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (response.redirected || !response.headers.get("Content-Type")?.startsWith("text/html")) throw new NoAnswer();
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    location.assign("/security-info");
    return;
  }
  find("#methods").replaceWith(document.adoptNode(find("#methods", page)));
  wireCards();
  toast(find("[data-toast]", page)?.textContent.trim());
  signalAccepted();
}

// --- choosing ----------------------------------------------------------------------------------------------------

// Methods that this browser cannot do stay in the list, closed, with the reason.
async function chooseMethod() {
  const form = find("[data-choose]");
  if (!form) return;
  const close = (row, reason) => {
    const radio = find("input", row);
    radio.disabled = true;
    radio.checked = false;
    const place = find("[data-reason]", row);
    place.hidden = false;
    place.append(reason);
    const left = find("input[name='method']:not([disabled])", form);
    if (left && !find("input[name='method']:checked", form)) left.checked = true;
    find("[data-test='primary']", form).disabled = !left;
  };
  // What is made in the app needs nothing of this browser.
  const rows = findAll(".choice", form).filter((row) => !find("input", row).disabled && find("input", row).value !== "in-app");
  if (!canUsePasskeys) {
    for (const row of rows) close(row, form.dataset.unsupported);
  } else if (form.dataset.sameDevice === "true") {
    const capabilities = await PublicKeyCredential.getClientCapabilities?.().catch(() => undefined);
    const here = capabilities?.userVerifyingPlatformAuthenticator || await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => true);
    const row = rows.find((each) => find("input", each).value === "app");
    if (!here && row) close(row, form.dataset.unsupportedPlatform);
  }
}

// On S4 a press on an option goes on; arrow keys only move (their click has no detail).
function pickPhone() {
  const form = find("form[data-pick]");
  for (const option of form ? findAll(".choice", form) : []) {
    option.addEventListener("click", (event) => {
      if (event.detail === 0) return;
      find("input", option).checked = true;
      form.requestSubmit(find("[data-test='primary']", form));
    });
  }
}

// --- adding a passkey: S7 or K2, S8 and S9 -----------------------------------------------------------------------

function ceremony() {
  const root = find("[data-ceremony]");
  if (!root) return;
  const at = root.dataset;
  const failed = find("[data-options-failed]");
  const begin = find("[data-begin]");
  let running = null; // the AbortController of the ceremony under way

  // show switches between the screens of this document: what is visible, the title, the focus.
  function show(screen) {
    for (const section of findAll("[data-screen]", root)) section.hidden = section.dataset.screen !== screen;
    main.dataset.step = screen;
    document.title = { S8: at.waitingTitle, S9: at.checkingTitle }[screen] ?? at.readyTitle;
    find(`[data-screen="${screen}"] h1`, root).focus();
  }

  function backToReady() {
    begin.disabled = false;
    delete begin.dataset.busy;
    find("[data-cancel-dialog]").close();
    show(at.ready);
  }

  const report = (name) => ask(`${at.run}/client-error`, { json: { name } });

  // Anything that ends the page ends the browser's call with it.
  addEventListener("pagehide", () => running?.abort("left"));

  // Browser Back from S8 lands on S7. There is no Back from S9: the answer is on its way.
  addEventListener("popstate", () => {
    if (main.dataset.step === "S8") {
      running?.abort("person");
    } else if (main.dataset.step === "S9") {
      history.pushState(null, "", at.checkingUrl);
    }
  });

  begin.addEventListener("click", start);
  find("[data-again]", root).addEventListener("click", async () => {
    running?.abort("again");
    await start();
  });
  for (const form of findAll("[data-leave]", root)) {
    form.addEventListener("submit", () => running?.abort("left"));
    sendOnce(form);
  }

  async function start() {
    if (begin.disabled && main.dataset.step === at.ready) return;
    begin.disabled = true;
    begin.dataset.busy = "";
    failed.hidden = true;
    if (!canUsePasskeys) return leave(report("unsupported"));
    let answer;
    try {
      answer = await ask(`${at.run}/options`, { json: {} });
    } catch {
      backToReady();
      failed.hidden = false;
      return;
    }
    if (answer.body.next) return location.assign(answer.body.next);
    await create(answer.body);
  }

  async function create({ publicKey, timers }) {
    const control = new AbortController();
    running = control;
    if (main.dataset.step !== "S8") history.pushState(null, "", at.waitingUrl);
    show("S8");
    wait(timers, control.signal);
    after(timers.giveUp, control.signal, () => control.abort("timer"));
    let credential;
    try {
      const options = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
      credential = await navigator.credentials.create({ publicKey: options, signal: control.signal });
    } catch (error) {
      return ended(control, error);
    }
    if (control.signal.aborted) return ended(control, null);
    running = null;
    control.abort("answered");
    await verify(credential, timers);
  }

  // ended: no credential. Who ended it decides what follows.
  async function ended(control, error) {
    const why = control.signal.aborted ? control.signal.reason : "browser";
    if (running === control) running = null;
    control.abort("browser");
    switch (why) {
      case "left":
      case "again":
        return;
      case "person":
        backToReady();
        return report("AbortError").catch(() => {});
      case "timer":
        return leave(report("timer"));
    }
    if (error?.name === "AbortError") backToReady();
    return leave(report(error?.name ?? "UnknownError"));
  }

  // leave follows the server to the screen of a problem; without an answer, setup simply did not start.
  async function leave(reported) {
    try {
      const { body } = await reported;
      if (body.next) return location.replace(body.next);
    } catch {
      // told below
    }
    if (main.dataset.step !== at.ready) history.replaceState(null, "", at.readyUrl);
    backToReady();
    failed.hidden = false;
  }

  async function verify(credential, timers) {
    find("[data-cancel-dialog]").close();
    history.replaceState(null, "", at.checkingUrl);
    show("S9");
    let answer;
    try {
      answer = await ask(`${at.run}/verify`, { json: credential.toJSON(), wait: timers.answer });
    } catch {
      return lost();
    }
    // Only a refusal that the server is sure of, of a passkey on this very device, is worth a signal.
    if (answer.body.signalUnknown && credential.authenticatorAttachment === "platform") {
      await Promise.race([signal("signalUnknownCredential", answer.body.signalUnknown), pause(2000)]);
    }
    follow(answer.body);
  }

  // follow goes where the server says. Without a session it cannot say what became of the passkey: the address of
  // this screen asks to sign in again, and then tells.
  const follow = ({ code, next }) => location.replace(code === "auth.session_expired" ? at.checkingUrl : next);

  // lost: the reply did not come, so nobody knows whether the passkey is stored. No signal, no guess: the server is
  // told, and E9 asks what happened.
  async function lost() {
    const notice = find("[data-unreachable]", root);
    notice.hidden = true;
    for (let i = 0; i < 3; i++) {
      try {
        const { body } = await report("network");
        return follow(body);
      } catch {
        await pause(500 * 2 ** i);
      }
    }
    notice.hidden = false;
    find("[data-check-again]", notice).onclick = lost;
  }
}

// wait shows what the page knows while the browser and the phone talk: that it waits, how long it will, and after a
// while what to check.
function wait(timers, signal) {
  const section = find("[data-screen='S8']");
  const status = find("[data-status]", section);
  const still = find("[data-still]", section);
  const minutes = findAll("[data-minutes]", section);
  const ends = performance.now() + timers.giveUp;
  say(status, status.dataset.status);
  for (const each of findAll(":scope > :not(template)", still)) each.remove();
  after(timers.stillWaiting, signal, () => still.append(find("template", still).content.cloneNode(true)));
  const tick = () => {
    const left = Math.max(1, Math.round((ends - performance.now()) / 60_000));
    for (const each of minutes) each.hidden = Number(each.dataset.minutes) !== left;
    after(1000, signal, tick);
  };
  tick();
}

// --- using a passkey: sign-in and proof --------------------------------------------------------------------------

// assertion runs one get() and hands its answer to the server, which says where to go.
async function assertion({ options, verify }, question, { mediation, signal: end } = {}) {
  const { body } = await ask(options, { json: question });
  if (!body.publicKey) return body;
  after(body.timers.giveUp, end, () => end.dispatchEvent(new Event("expired")));
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(body.publicKey);
  const credential = await navigator.credentials.get({ publicKey, mediation, signal: end });
  const answer = await ask(verify, { json: credential.toJSON() });
  if (answer.body.signalUnknown && credential.authenticatorAttachment === "platform") {
    await Promise.race([signal("signalUnknownCredential", answer.body.signalUnknown), pause(2000)]);
  }
  return answer.body;
}

function signIn() {
  const root = find("[data-sign-in]");
  if (!root) return;
  const { options, verify } = root.dataset;
  const button = find("[data-passkey]", root);
  const status = find("[data-status]", root);
  const advice = find("[data-not-offered]", root);
  let running = null;
  if (!canUsePasskeys) {
    button.disabled = true;
    say(status, status.dataset.unsupported);
    return;
  }

  // Autofill waits quietly below the user name field, and starts over when its challenge is old.
  async function offer() {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false)) return;
    const control = new AbortController();
    running = control;
    control.signal.addEventListener("expired", () => {
      control.abort("expired");
      if (running === control) offer();
    }, { once: true });
    try {
      const { next } = await assertion({ options, verify }, { conditional: true }, { mediation: "conditional", signal: control.signal });
      if (next) location.assign(next);
    } catch {
      // not used, not available: the page has other ways
    }
    control.abort("done");
  }

  button.addEventListener("click", async () => {
    running?.abort("button");
    const control = new AbortController();
    running = control;
    button.disabled = true;
    advice.hidden = true;
    say(status, status.dataset.busy);
    try {
      control.signal.addEventListener("expired", () => control.abort("expired"), { once: true });
      const { next } = await assertion({ options, verify }, { userName: find("#userName").value.trim() }, { signal: control.signal });
      if (next) return location.assign(next);
      say(status, status.dataset.cancelled);
    } catch (error) {
      say(status, error instanceof NoAnswer ? status.dataset.offline : status.dataset.cancelled);
      advice.hidden = error instanceof NoAnswer;
    }
    control.abort("done");
    button.disabled = false;
    offer();
  });
  addEventListener("pagehide", () => running?.abort("left"));
  offer();
}

function prove() {
  const root = find("[data-prove]");
  const button = root && find("[data-passkey]", root);
  if (!button) return;
  if (!canUsePasskeys) {
    button.hidden = true;
    return;
  }
  const status = find("[data-status]", root);
  button.addEventListener("click", async () => {
    button.disabled = true;
    say(status, "");
    const control = new AbortController();
    control.signal.addEventListener("expired", () => control.abort("expired"), { once: true });
    try {
      const { next } = await assertion(root.dataset, {}, { signal: control.signal });
      if (next) return location.assign(next);
      say(status, status.dataset.failed);
    } catch (error) {
      say(status, error instanceof NoAnswer ? status.dataset.offline : status.dataset.failed);
    }
    control.abort("done");
    button.disabled = false;
  });
}

// --- problem pages -----------------------------------------------------------------------------------------------

// E9 asks three times what happened; the third look closes the challenge, so that its answer is final.
async function lookForOutcome() {
  const root = find("[data-outcome]");
  if (!root) return;
  const status = find("[data-look-status]", root);
  for (let look = 1; look <= 3; look++) {
    try {
      const { body } = await ask(root.dataset.outcome, { method: look < 3 ? "GET" : "POST" });
      if (body.next) return location.replace(body.next);
    } catch {
      // the next look may know more
    }
    if (look < 3) await pause(Number(root.dataset.look));
  }
  say(status, status.dataset.unknown);
}

// V2 asks again and again whether the app has made the passkey, for as long as the page was told. A request that gets no
// answer is no answer: the next one may.
async function lookInApp() {
  const root = find("[data-look-in-app]");
  if (!root) return;
  const { url, every, total, notSeenTitle } = root.dataset;
  const unreachable = find("[data-unreachable]", root);
  for (const ends = performance.now() + Number(total); ;) {
    try {
      const { body } = await ask(url, { json: {} });
      if (body.next) return location.replace(body.next);
      unreachable.hidden = true;
    } catch {
      unreachable.hidden = false;
    }
    if (performance.now() + Number(every) >= ends) break;
    await pause(Number(every));
  }
  find("[data-looking]", root).hidden = true;
  const notSeen = find("[data-not-seen]", root);
  notSeen.hidden = false;
  document.title = notSeenTitle;
  find("h1", notSeen).focus();
}

// E11 counts down in words of the page's language and then opens its button.
function countDown() {
  const root = find("[data-wait]");
  if (!root) return;
  const text = find("[data-countdown]", root);
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const ends = performance.now() + Number(root.dataset.wait);
  const tick = () => {
    const left = Math.ceil((ends - performance.now()) / 1000);
    if (left <= 0) {
      say(text, text.dataset.over);
      say(find("[data-wait-over]", root), text.dataset.over);
      for (const button of findAll("[data-after-wait]", root)) button.disabled = false;
      return;
    }
    say(text, text.dataset.countdown.replace("{time}", left > 90 ? words.format(Math.ceil(left / 60), "minute") : words.format(left, "second")));
    setTimeout(tick, 1000);
  };
  tick();
}

tellZone();
themeSwitch();
toastLeaves();
cancelDialogs();
namesTurn();
securityInfo();
pickPhone();
ceremony();
signIn();
prove();
lookForOutcome();
lookInApp();
countDown();
idleWarning();
expiry();
revealing();
sessionEnds();
for (const form of findAll("form[data-wizard], form[data-once]")) sendOnce(form);
chooseMethod();
