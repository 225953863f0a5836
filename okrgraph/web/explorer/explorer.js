// The page at /graphiql: one operation at a time, over POST, or as an event stream when it is a subscription.
"use strict";

const KEPT = 200; // events of a subscription that stay on the page
const INTROSPECTION = `query Explorer { __schema { types { name kind description
  fields { name description args { name type { ...T } } type { ...T } }
  inputFields { name description type { ...T } }
  enumValues { name description } possibleTypes { name } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

/** Whether the operation is a subscription, comments and strings left aside. */
function isSubscription(query) {
  const bare = query.replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g, " ");
  return /(^|[}\s])subscription\b[^{}]*\{/.test(bare);
}

/** Split the text of an event stream: whole events, and the rest that is still incomplete. */
function eventsOf(text) {
  const parts = text.split(/\r?\n\r?\n/);
  const rest = parts.pop();
  const events = parts.map((part) => {
    const event = { name: "message", data: "" };
    for (const line of part.split(/\r?\n/)) {
      if (line.startsWith("event:")) event.name = line.slice(6).trim();
      if (line.startsWith("data:")) event.data += line.slice(5).trim();
    }
    return event;
  });
  return { events, rest };
}

/** A type as the schema definition language writes it. */
function typeText(type) {
  if (type.kind === "NON_NULL") return `${typeText(type.ofType)}!`;
  if (type.kind === "LIST") return `[${typeText(type.ofType)}]`;
  return type.name ?? "…";
}

/** A field with its arguments and type, in a line. */
function fieldText(field) {
  const args = (field.args ?? []).map((arg) => `${arg.name}: ${typeText(arg.type)}`);
  const type = field.type ? `: ${typeText(field.type)}` : "";
  return `${field.name}${args.length ? `(${args.join(", ")})` : ""}${type}`;
}

/** The types whose name, or any of whose fields, holds what is searched for; the roots first. */
function found(types, wanted) {
  const roots = ["Query", "Mutation", "Subscription"];
  const place = (type) => (roots.includes(type.name) ? roots.indexOf(type.name) : roots.length);
  const members = (type) => [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])];
  const holds = (thing) => thing.name.toLowerCase().includes(wanted.toLowerCase());
  return types
    .filter((type) => !type.name.startsWith("__"))
    .map((type) => ({ type, members: holds(type) ? members(type) : members(type).filter(holds) }))
    .filter(({ type, members: left }) => holds(type) || left.length)
    .sort((a, b) => place(a.type) - place(b.type) || a.type.name.localeCompare(b.type.name));
}

function page() {
  const at = (id) => document.getElementById(id);
  const token = at("token");
  let running = null;
  let types = [];

  const request = (body, accept, signal) =>
    fetch("/graphql", {
      method: "POST",
      signal,
      credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: accept, Authorization: `Bearer ${token.value.trim()}` },
      body: JSON.stringify(body),
    });

  async function follow(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const shown = [];
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const read = eventsOf(rest + value);
      rest = read.rest;
      for (const event of read.events) {
        if (event.name === "complete") return;
        if (event.name === "next") shown.unshift(JSON.stringify(JSON.parse(event.data), null, 2));
      }
      shown.length = Math.min(shown.length, KEPT);
      at("answer").textContent = shown.join("\n\n");
    }
  }

  async function run() {
    running?.abort();
    const mine = (running = new AbortController());
    at("stop").disabled = false;
    at("answer").textContent = "";
    at("status").textContent = "…";
    const begun = performance.now();
    try {
      const query = at("query").value;
      const variables = JSON.parse(at("variables").value.trim() || "{}");
      const accept = isSubscription(query) ? "text/event-stream" : "application/json";
      const response = await request({ query, variables }, accept, mine.signal);
      at("status").textContent = `${response.status}, ${Math.round(performance.now() - begun)} ms`;
      if (response.headers.get("content-type")?.startsWith("text/event-stream")) await follow(response);
      else at("answer").textContent = JSON.stringify(await response.json(), null, 2);
    } catch (error) {
      if (!mine.signal.aborted) at("status").textContent = String(error);
    } finally {
      if (running === mine) at("stop").disabled = true;
    }
  }

  function showSchema() {
    const wanted = at("search").value.trim();
    const entries = found(types, wanted).map(({ type, members }) => {
      const details = document.createElement("details");
      details.open = wanted !== "" && members.length < 30;
      const line = (tag, text) => details.appendChild(document.createElement(tag)).append(text ?? "");
      line("summary", type.name);
      if (type.description) line("p", type.description);
      for (const member of members) {
        line("div", fieldText(member));
        if (member.description) line("p", member.description);
      }
      return details;
    });
    at("schema").replaceChildren(...entries);
  }

  async function readSchema() {
    if (!token.value.trim()) return;
    sessionStorage.setItem("okrgraph.token", token.value.trim());
    try {
      const answer = await (await request({ query: INTROSPECTION }, "application/json")).json();
      types = answer.data?.__schema.types ?? [];
      at("status").textContent = answer.errors?.[0].message ?? "";
    } catch (error) {
      at("status").textContent = String(error);
    }
    showSchema();
  }

  at("run").addEventListener("click", run);
  at("stop").addEventListener("click", () => running?.abort());
  at("search").addEventListener("input", showSchema);
  token.addEventListener("change", readSchema);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
  });
  token.value = sessionStorage.getItem("okrgraph.token") ?? "";
  readSchema();
}

if (typeof document !== "undefined") page();
else module.exports = { eventsOf, fieldText, found, isSubscription, typeText };
