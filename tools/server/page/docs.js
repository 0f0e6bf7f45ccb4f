// SPDX-License-Identifier: MIT
// Shows /openapi.json, and tries GET requests.
"use strict";

const element = (name, text, className) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
};

const describe = (path, method, operation) => {
  const details = element("details", undefined, "operation");
  const summary = element("summary");
  summary.append(element("code", method.toUpperCase(), "method"), " ", element("code", path), element("span", operation.summary));
  const form = element("form");
  for (const p of operation.parameters) {
    const label = element("label", `${p.name} `);
    const input = element("input");
    input.name = p.name;
    input.dataset.place = p.in;
    input.required = p.in === "path";
    input.placeholder = p.description;
    label.append(input);
    form.append(label);
  }
  const answer = element("pre");
  answer.hidden = true;
  if (method === "get") form.append(element("button", "Try"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let url = path;
    const query = new URLSearchParams();
    for (const input of form.querySelectorAll("input")) {
      if (input.dataset.place === "path") url = url.replace(`{${input.name}}`, input.value.split("/").map(encodeURIComponent).join("/"));
      else if (input.value) query.set(input.name, input.value);
    }
    if (query.size) url += `?${query}`;
    const response = await fetch(url.slice(1), { headers: { Range: "bytes=0-65535" } });
    const type = response.headers.get("Content-Type") || "";
    const text = /json|text|mpegurl|xml/.test(type) ? await response.text() : `${(await response.arrayBuffer()).byteLength} bytes`;
    answer.textContent = `${response.status} ${type}\n\n${text.slice(0, 20000)}`;
    answer.hidden = false;
  });
  details.append(summary, form, answer);
  return details;
};

const show = async () => {
  const api = await (await fetch("openapi.json")).json();
  const main = document.getElementById("docs");
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(describe(path, method, operation));
    }
  for (const [tag, list] of groups) main.append(element("h2", tag), ...list);
};
show();
