// What a page looks like, measured: each function returns sentences about what is wrong.

const fold = (text) => (text || "").replace(/\s+/g, " ").trim();

// called is how a sentence calls an element.
function called(element) {
  const name = element.dataset?.test ? `[data-test=${element.dataset.test}]` : element.id ? `#${element.id}` : "";
  const classes = typeof element.className === "string" && element.className ? `.${element.className.trim().split(/\s+/).join(".")}` : "";
  return `${element.localName}${name || classes} “${fold(element.getAttribute("aria-label") || element.textContent).slice(0, 40)}”`;
}

// open is the part of the document that can be used: a dialog shuts out the rest.
const open = () => document.querySelector("dialog[open]") || document.body;

// concealed are elements that are there for ears only.
const concealed = (element) => !!element.closest(".visually-hidden, .skip") || getComputedStyle(element).clipPath !== "none" || (element.parentElement && getComputedStyle(element.parentElement).clipPath !== "none");

const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !concealed(element) && element.getClientRects().length > 0;

function narrow() {
  const faults = [];
  const wide = document.documentElement.clientWidth;
  for (const box of [document.scrollingElement, document.querySelector("dialog[open]")]) {
    if (box && box.scrollWidth > box.clientWidth) faults.push(`${called(box)} scrolls sideways: ${box.scrollWidth} in ${box.clientWidth}`);
  }
  for (const element of open().querySelectorAll("*")) {
    if (!seen(element)) continue;
    const { left, right, width } = element.getBoundingClientRect();
    if (width > 0 && (left < -1 || right > wide + 1)) faults.push(`${called(element)} stands from ${Math.round(left)} to ${Math.round(right)} in ${wide}`);
    const style = getComputedStyle(element);
    const cuts = style.overflowX !== "visible" && style.overflowX !== "auto" && style.overflowX !== "scroll";
    const field = element.matches("input, textarea, select, svg, svg *");
    if (cuts && !field && !element.title && element.scrollWidth > element.clientWidth + 1) faults.push(`${called(element)} is cut off: ${element.scrollWidth} in ${element.clientWidth}`);
    if (style.overflowY === "hidden" && !field && !element.title && element.scrollHeight > element.clientHeight + 1) faults.push(`${called(element)} is cut off below: ${element.scrollHeight} in ${element.clientHeight}`);
  }
  return faults;
}

function moving() {
  return document.getAnimations().filter((each) => each.playState === "running")
    .map((each) => `${each.animationName || each.transitionProperty || "an animation"} of ${called(each.effect.target)}`);
}

function spaceText() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-block-end: 2em !important; }");
  document.adoptedStyleSheets = [sheet];
  return [];
}

// --- forced colours ----------------------------------------------------------------------------------------------

// channels are red, green, blue and opacity of a computed colour.
function channels(colour) {
  const [red, green, blue, alpha = 1] = (colour.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  return [red, green, blue, alpha];
}

// contrast of two colours (WCAG 2.2, relative luminance).
function contrast(one, other) {
  const light = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

// behind is the colour that an element stands on.
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (channels(colour)[3] > 0.5) return colour;
  }
  return getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)";
}

const tooFaint = 3; // WCAG 2.2, 1.4.11

function forcedColours() {
  if (!matchMedia("(forced-colors: active)").matches) return ["the colours are not forced"];
  return [...faintIcons(), ...bareControls(), ...likeTheOthers(), ...lostFocus()];
}

function faintIcons() {
  return [...open().querySelectorAll("svg.icon")].filter((icon) => seen(icon) && icon.getBoundingClientRect().width > 4 && !icon.closest(":disabled"))
    .map((icon) => ({ icon, ratio: contrast(getComputedStyle(icon).color, behind(icon.parentElement)) }))
    .filter(({ ratio }) => ratio < tooFaint)
    .map(({ icon, ratio }) => `the icon ${icon.getAttribute("class")} in ${called(icon.parentElement)} has a contrast of ${ratio.toFixed(1)}`);
}

// edged reports whether something other than a background marks where the element is.
function edged(element) {
  const style = getComputedStyle(element);
  return style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) > 0 && contrast(style.borderTopColor, behind(element.parentElement)) >= tooFaint;
}

// drawn reports whether the browser draws a box or a dot itself, in the colours that are forced.
function drawn(element) {
  return element.matches("[type=checkbox], [type=radio]") && getComputedStyle(element).appearance !== "none";
}

function bareControls() {
  return [...open().querySelectorAll(".button:not(.plain), .choice, .card, input:not([type=hidden]), select, textarea, dialog[open], .note, .badge")]
    .filter((each) => seen(each) && !each.matches(":disabled") && !drawn(each) && !edged(each)).map((each) => `${called(each)} has no border`);
}

// marks is how an element is told from its like without its background.
function marks(element) {
  const style = getComputedStyle(element);
  return ["borderTopColor", "borderTopWidth", "outlineStyle", "outlineColor", "outlineWidth", "fontWeight", "textDecorationLine", "color"].map((name) => style[name]).join(" ");
}

// likeTheOthers are chosen, current and pressed things that look like the others.
function likeTheOthers() {
  const faults = [];
  const pairs = [[".segments button[aria-pressed=true]", ".segments button[aria-pressed=false]"],
    [".top nav a[aria-current]", ".top nav a:not([aria-current])"], [".choice:has(input:checked)", ".choice:has(input:not(:checked):enabled)"]];
  for (const [chosen, other] of pairs) {
    const [one, two] = [open().querySelector(chosen), open().querySelector(other)];
    if (one && two && seen(one) && seen(two) && marks(one) === marks(two)) faults.push(`${called(one)} looks like ${called(two)}`);
  }
  const current = open().querySelector(".stepper li[aria-current=step]");
  if (current && seen(current)) {
    const part = [current, current.querySelector(".dot")].find((each) => each && seen(each) && channels(getComputedStyle(each).backgroundColor)[3] > 0.5);
    if (!part) faults.push("the current step looks like the next one");
    else if (contrast(getComputedStyle(part).backgroundColor, behind(part.parentElement)) < tooFaint) faults.push(`the current step has a contrast of ${contrast(getComputedStyle(part).backgroundColor, behind(part.parentElement)).toFixed(1)}`);
  }
  return faults;
}

function lostFocus() {
  const faults = [];
  const before = document.activeElement;
  for (const element of open().querySelectorAll("a[href], button, input:not([type=hidden]), summary, select, textarea")) {
    if (!element.checkVisibility() || element.matches(":disabled")) continue;
    element.focus();
    if (document.activeElement !== element) continue;
    const marked = [element, element.closest("label")].filter(Boolean).map((each) => getComputedStyle(each))
      .find((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    if (!marked) faults.push(`the focus on ${called(element)} shows no outline`);
    else if (contrast(marked.outlineColor, behind(element.parentElement)) < tooFaint) faults.push(`the focus on ${called(element)} has a contrast of ${contrast(marked.outlineColor, behind(element.parentElement)).toFixed(1)}`);
  }
  before?.focus?.();
  return faults;
}
