// Shows one endpoint: tiles, chart, workers.

import { byId, element, fillTable, number } from "./dom.js";

const READY = ["idle"];
const BROKEN = ["error", "unavail"];
const KEPT = 120;
const history = new Map();

const sum = (workers, member) => workers.reduce((total, worker) => total + (worker[member] ?? 0), 0);
const shade = status => (READY.includes(status) ? "good" : BROKEN.includes(status) ? "bad" : "warn");

export function remember(fleet) {
  for (const endpoint of fleet.endpoints) {
    const points = history.get(endpoint.id) ?? [];
    points.push({ load: sum(endpoint.workers, "cur_load"), waiting: endpoint.queued_requests + endpoint.waiting_jobs });
    history.set(endpoint.id, points.slice(-KEPT));
  }
}

function tile(value, label) {
  return element("div", { class: "tile" }, element("b", {}, value), element("span", {}, label));
}

function line(points, member, className) {
  const most = Math.max(1, ...points.map(point => point[member]));
  const made = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  made.setAttribute("class", className);
  made.setAttribute("points", points.map((point, index) => `${KEPT - points.length + index},${38 - (36 * point[member]) / most}`).join(" "));
  return made;
}

export function showEndpoint(endpoint) {
  const ready = endpoint.workers.filter(worker => READY.includes(worker.status));
  byId("tiles").replaceChildren(
    tile(`${ready.length} / ${endpoint.workers.length}`, "workers ready"),
    tile(number(sum(ready, "perf"), 2), "score together, load/s"),
    tile(number(sum(endpoint.workers, "cur_load")), "load in work"),
    tile(number(sum(endpoint.workers, "reqs_working"), 0), "requests in work"),
    tile(number(endpoint.queued_requests, 0), "requests waiting"),
    tile(number(endpoint.waiting_jobs, 0), "durable jobs waiting"),
    tile(endpoint.endpoint_state, "endpoint"));
  const points = history.get(endpoint.id) ?? [];
  byId("chart").replaceChildren(line(points, "load", "line-load"), line(points, "waiting", "line-wait"));
  const most = Math.max(1, ...endpoint.workers.map(worker => worker.cur_load));
  fillTable(byId("workers"), [
    ["worker", worker => String(worker.id)],
    ["state", worker => element("span", { class: shade(worker.status) }, worker.status)],
    ["score", worker => number(worker.perf, 2)],
    ["load", worker => element("span", {}, element("meter", { min: 0, max: most, value: worker.cur_load }), number(worker.cur_load))],
    ["requests", worker => String(worker.reqs_working)],
    ["workergroup", worker => (worker.workergroup_id ? String(worker.workergroup_id) : "by hand")],
    ["url", worker => worker.url],
    ["error", worker => element("span", { class: "bad" }, worker.error_msg ?? "")],
  ], endpoint.workers, "No workers");
  byId("groups").textContent = endpoint.workergroups.length === 0
    ? "No workergroups: workers are started by hand."
    : endpoint.workergroups.map(group => `Workergroup ${group.id}: ${group.provider}${group.launch_args ? `, ${group.launch_args}` : ""}${group.paused_seconds ? `, pauses for ${group.paused_seconds} s` : ""}${group.error ? `: ${group.error}` : ""}`).join(" · ");
}
