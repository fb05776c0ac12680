"use strict";
// Whatever comes from the host may be a stranger's: it becomes text, never HTML.
const $ = (id) => document.getElementById(id);
const state = { kinds: [], kind: null, key: "alice" };

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, then] of Object.entries(value)) made.addEventListener(event, then);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null).map((child) => (typeof child === "string" ? seen(child) : child)));
  return made;
}

// What turns the direction of text is seen, and does not.
function seen(text) {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

// A segment of a path. Browsers take dots alone for a place in it, however they are written.
function segment(text) {
  if (text === "") throw new Error("The key is empty: give it at least one character.");
  if (text === "." || text === "..") throw new Error(`A browser cannot ask for ${text}: use the command line.`);
  return encodeURIComponent(text);
}

function pathOf(...segments) {
  const namespace = $("namespace").value.trim();
  const query = namespace === "default" ? "" : `?namespace=${encodeURIComponent(namespace)}`;
  return `/v1/${segments.map(segment).join("/")}${query}`;
}

async function ask(method, path, headers = {}, body) {
  const token = $("token").value.trim();
  if (token) headers = { ...headers, Authorization: `Bearer ${token}` };
  let sent;
  try { sent = new Headers(headers); } catch { throw new Error("A token and an Idempotency-Key are of visible ASCII characters."); }
  const begun = performance.now();
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body, credentials: "omit", cache: "no-store", redirect: "error" });
  } catch {
    throw new Error("The host does not answer: is it running?");
  }
  const type = response.headers.get("Content-Type") ?? "";
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = type.startsWith("application/octet-stream") ? null : new TextDecoder().decode(bytes);
  return { status: response.status, ok: response.ok, type, bytes, text, ms: performance.now() - begun,
    id: response.headers.get("Kelpie-Request-Id") };
}

async function asked(path) {
  const answer = await ask("GET", path);
  if (answer.ok) return JSON.parse(answer.text);
  if (answer.status === 401) $("token").focus();
  const problem = problemIn(answer);
  throw new Error(problem ? `${problem.title}: ${problem.detail}` : `The host answers ${answer.status}.`);
}

function problemIn(answer) {
  if (!answer.type.startsWith("application/problem+json")) return null;
  try { return JSON.parse(answer.text); } catch { return null; }
}

function notice(text, isProblem = false) {
  $("notice").textContent = text;
  $("notice").className = isProblem ? "problem" : "";
}

// The list of kinds.

async function load() {
  try {
    state.kinds = (await asked(pathOf("kinds"))).kinds;
    notice(state.kinds.length ? "" : "Nothing is deployed here yet. Deploy a component: kelpie deploy FILE.wasm");
    listKinds();
    await choose();
  } catch (error) {
    state.kinds = [];
    listKinds();
    $("kind").replaceChildren();
    notice(error.message, true);
  }
}

function listKinds() {
  const wanted = $("filter").value.trim().toLowerCase();
  const shown = state.kinds.filter((each) =>
    each.kind.includes(wanted) || each.operations.some((name) => name.toLowerCase().includes(wanted)));
  $("kinds").replaceChildren(...shown.map((each) => make("li", {},
    make("a", { href: `#${each.kind}`, "aria-current": each.kind === state.kind?.kind && "page",
      on: { click: () => { if (location.hash === `#${each.kind}`) choose(); } } },
      each.kind, make("small", {}, `version ${each.number}, ${each.operations.length} operations`)))));
}

async function choose() {
  const name = location.hash.slice(1) || state.kinds[0]?.kind;
  if (!state.kinds.some((each) => each.kind === name)) {
    $("kind").replaceChildren();
    if (state.kinds.length) notice(`No kind '${name}' is deployed here.`, true);
    return;
  }
  try {
    state.kind = await asked(pathOf("kinds", name));
    notice("");
    showKind(state.kind);
    listKinds();
  } catch (error) { notice(error.message, true); }
}

// One kind.

function showKind(kind) {
  const key = make("input", { value: state.key, autocomplete: "off", spellcheck: "false", size: 28,
    on: { input: (event) => { state.key = event.target.value; } } });
  const answer = make("div", { class: "answer", role: "status" });
  const look = (label, ...before) => make("button", { type: "button",
    on: { click: () => run(answer, () => ask("GET", pathOf(...before, kind.kind, state.key))) } }, label);
  document.title = `${kind.kind} · Kelpie`;
  $("kind").replaceChildren(
    make("h2", { class: "from-guest" }, kind.kind),
    make("p", { class: "from-guest" }, kind.doc),
    make("p", { class: "about" }, make("span", {}, `version ${kind.number}`),
      make("span", {}, `${(kind.size_bytes / 1024).toFixed(1)} KiB`),
      make("span", {}, `deployed ${new Date(kind.deployed_at).toLocaleString()}`),
      make("span", { class: "id", title: kind.digest }, kind.digest.slice(0, 12))),
    make("details", { class: "about" }, make("summary", {}, `imports ${kind.imports.length} interfaces of the contract`),
      make("pre", {}, kind.imports.join("\n"))),
    make("section", { class: "actor", "aria-label": "Actor" }, make("label", {}, "Key of the actor", key),
      look("Show it", "actors"), look("Its state", "state"), look("Its kv", "kv")),
    answer,
    ...kind.operations.map((operation) => card(kind.kind, operation)));
}

function card(kind, operation) {
  const argument = make("textarea", { spellcheck: "false", autocomplete: "off" });
  const isJson = operation.argument != null;
  const example = exampleOf(operation.argument);
  argument.value = example == null ? "" : JSON.stringify(example, null, 1);
  const type = make("select", {}, ...["application/json", "text/plain"].map((each) => make("option", {}, each)));
  type.value = isJson ? "application/json" : "text/plain";
  const id = make("input", { autocomplete: "off", spellcheck: "false", size: 24, placeholder: "none" });
  const answer = make("div", { class: "answer", role: "status" });
  const invoke = async () => {
    const headers = argument.value ? { "Content-Type": type.value } : {};
    if (argument.value && type.value === "application/json") JSON.parse(argument.value);
    if (id.value) headers["Idempotency-Key"] = id.value;
    return ask("POST", pathOf("actors", kind, state.key, operation.name), headers, argument.value || undefined);
  };
  return make("article", { class: "card" },
    make("header", {}, make("h3", { class: "name from-guest" }, operation.name),
      operation.read_only ? make("span", { class: "badge good" }, "read-only") : null,
      operation.durable ? make("span", { class: "badge" }, "durable") : null),
    make("p", { class: "from-guest" }, operation.doc),
    make("form", { on: { submit: (event) => { event.preventDefault(); run(answer, invoke, event.submitter); } } },
      make("div", { class: "fields" }, ...fieldsFor(operation.argument, argument)),
      make("label", {}, "Argument", argument),
      make("div", { class: "row" }, make("button", { class: "main" }, "Invoke"),
        make("label", {}, "as ", type), make("label", {}, "Idempotency-Key ", id)),
      schemas(operation)),
    answer);
}

function schemas(operation) {
  const shown = ["argument", "result"].filter((name) => operation[name] != null);
  if (!shown.length) return null;
  return make("details", {}, make("summary", {}, `schema of ${shown.join(" and ")}`),
    ...shown.map((name) => make("pre", {}, `${name}: ${JSON.stringify(operation[name], null, 1)}`)));
}

// An argument that a schema may mean, to begin with.
function exampleOf(schema, depth = 0) {
  if (schema === null || typeof schema !== "object" || depth > 6) return null;
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.examples) && schema.examples.length) return schema.examples[0];
  if ("default" in schema) return schema.default;
  if (Array.isArray(schema.enum) && schema.enum.length) return schema.enum[0];
  for (const word of ["oneOf", "anyOf", "allOf"]) {
    if (Array.isArray(schema[word]) && schema[word].length) return exampleOf(schema[word][0], depth + 1);
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "string") return "";
  if (type === "boolean") return false;
  if (type === "integer" || type === "number") return typeof schema.minimum === "number" && schema.minimum > 0 ? schema.minimum : 0;
  if (type === "array") return [];
  if (type !== "object" && !schema.properties) return null;
  const properties = Object.entries(Object(schema.properties)).slice(0, 50);
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.fromEntries(properties.filter(([name]) => required.includes(name) || !required.length)
    .map(([name, below]) => [name, exampleOf(below, depth + 1)]));
}

// Inputs for the plain members of an object; what they hold is written into the argument.
function fieldsFor(schema, argument) {
  const properties = Object.entries(Object(schema?.properties)).slice(0, 50);
  const plain = ["string", "integer", "number", "boolean"];
  if (!properties.length || properties.some(([, each]) => !plain.includes(each?.type))) return [];
  const written = (name, value) => {
    let whole;
    try { whole = Object(JSON.parse(argument.value)); } catch { whole = {}; }
    if (value === undefined) delete whole[name]; else Object.defineProperty(whole, name, { value, enumerable: true, configurable: true, writable: true });
    argument.value = JSON.stringify(whole, null, 1);
  };
  const begin = Object(exampleOf(schema));
  return properties.map(([name, each]) => {
    const kind = { boolean: "checkbox", string: "text" }[each.type] ?? "number";
    const input = make("input", { type: kind, step: each.type === "number" && "any", autocomplete: "off" });
    if (kind === "checkbox") input.checked = begin[name] === true; else input.value = begin[name] ?? "";
    input.addEventListener("input", () => written(name,
      kind === "checkbox" ? input.checked : input.value === "" && kind === "number" ? undefined
        : kind === "number" ? Number(input.value) : input.value));
    return make("label", {}, make("span", { class: "from-guest" }, name), input);
  });
}

// One answer.

async function run(place, work, button) {
  if (button) button.disabled = true;
  place.replaceChildren();
  try {
    place.replaceChildren(...answerParts(await work()));
  } catch (error) {
    const told = error instanceof SyntaxError ? `The argument is no JSON: ${error.message}` : error.message;
    place.replaceChildren(make("p", { class: "problem" }, told));
  } finally {
    if (button) button.disabled = false;
  }
}

function answerParts(answer) {
  const problem = problemIn(answer);
  const parts = [make("p", { class: "row" },
    make("span", { class: `badge ${answer.ok ? "good" : "bad"}` }, String(answer.status)),
    make("span", { class: "hint" }, `${answer.ms.toFixed(1)} ms`), make("span", { class: "hint" }, answer.type),
    answer.id ? make("span", { class: "hint id" }, answer.id) : null)];
  if (problem) {
    const page = /^\/docs\/errors\/[a-z-]+\.md$/.test(problem.type) ? problem.type : null;
    parts.push(make("p", { class: "problem from-guest" }, `${problem.title}: ${problem.detail}`),
      make("p", { class: "hint" }, problem.retryable ? "The same again can succeed later. " : "",
        page ? make("a", { href: page, target: "_blank", rel: "noreferrer" }, String(problem.code)) : String(problem.code)));
  }
  parts.push(make("pre", { tabindex: "0", "aria-label": "Body of the answer" }, shownBody(answer)));
  return parts;
}

function shownBody({ text, bytes }) {
  if (text === null) return `${bytes.length} bytes\n${Array.from(bytes.slice(0, 256), (each) => each.toString(16).padStart(2, "0")).join(" ")}${bytes.length > 256 ? " ..." : ""}`;
  if (text === "") return "(nothing)";
  try { JSON.parse(text); } catch { return text; }
  return indented(text);
}

// JSON on many lines, with each number as it was written: parsed, it could lose digits.
function indented(text) {
  let level = 0;
  const line = () => `\n${" ".repeat(level)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g, (token) => {
    if (token.startsWith('"')) return token;
    if (token.trim() === "") return "";
    if (token.length > 1) return token[0] + token.at(-1);
    if (token === ":") return ": ";
    if (token === ",") return token + line();
    if (token === "{" || token === "[") { level += 1; return token + line(); }
    level -= 1;
    return line() + token;
  });
}

// A browser follows a link without the token: with one, what is there is asked for and shown here.
for (const link of document.querySelectorAll("header nav a")) link.addEventListener("click", (event) => {
  // Of kinds there is a document for each namespace.
  if (link.id === "openapi") link.setAttribute("href", pathOf("openapi.json"));
  if (!$("token").value.trim()) return;
  event.preventDefault();
  const answer = make("div", { class: "answer", role: "status" });
  $("kind").replaceChildren(make("h2", {}, link.textContent), answer);
  run(answer, () => ask("GET", link.getAttribute("href")));
});
$("host").addEventListener("submit", (event) => { event.preventDefault(); load(); });
$("filter").addEventListener("input", listKinds);
window.addEventListener("hashchange", choose);
load();
