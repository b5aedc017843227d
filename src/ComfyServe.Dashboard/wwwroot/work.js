// Sends workflows, and shows jobs and the log of one endpoint.

import * as api from "./api.js";
import { byId, clock, element, fillTable } from "./dom.js";

const OVER = ["completed", "failed", "parked", "cancelled"];
const shade = status => (status === "completed" ? "good" : OVER.includes(status) ? "bad" : "warn");

function buttons(name, job, again) {
  const act = what => async event => {
    event.target.disabled = true;
    await api.change(name, job.id, what).catch(error => (byId("sent").textContent = error.message));
    await again();
  };
  if (!OVER.includes(job.status)) {
    return element("button", { class: "plain small", type: "button", onclick: act("cancel") }, "Cancel");
  }
  return job.status === "completed" ? "" : element("button", { class: "plain small", type: "button", onclick: act("retry") }, "Send again");
}

export async function showJobs(name) {
  const { jobs } = await api.jobs(name);
  fillTable(byId("jobs"), [
    ["job", job => job.id],
    ["status", job => element("span", { class: shade(job.status) }, job.status)],
    ["accepted", job => clock(job.accepted_at)],
    ["took", job => (job.finished_at ? `${(job.finished_at - job.accepted_at).toFixed(1)} s` : "")],
    ["tries", job => `${job.attempts} of ${job.max_attempts}`],
    ["worker", job => job.worker],
    ["message", job => element("span", { class: job.error ? "bad" : "" }, job.error ? `${job.error}: ${job.message ?? ""}` : "")],
    ["", job => buttons(name, job, () => showJobs(name))],
  ], jobs, "No jobs yet");
}

export async function showLog(id) {
  const text = (await api.logs(id))[byId("level").value] ?? "";
  const log = byId("log");
  if (log.textContent === text) {
    return;
  }
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  log.textContent = text;
  if (atEnd) {
    log.scrollTop = log.scrollHeight;
  }
}

function showPictures(result) {
  byId("pictures").replaceChildren(...(result?.output ?? []).filter(file => file.url).map(file => {
    const name = file.filename ?? "output";
    const isPicture = (file.mimetype ?? "image/").startsWith("image/");
    const shown = isPicture ? element("img", { src: file.url, alt: name }) : name;
    return element("a", { href: file.url, target: "_blank", rel: "noopener noreferrer" }, shown);
  }));
}

export async function sendWorkflow(name) {
  const say = text => (byId("sent").textContent = text);
  let workflow;
  try {
    workflow = JSON.parse(byId("workflow").value);
  } catch (error) {
    say(`This is not JSON: ${error.message}`);
    return;
  }
  byId("pictures").replaceChildren();
  let job = await api.submit(name, workflow);
  while (!OVER.includes(job.status)) {
    say(`Job ${job.id} is ${job.status}`);
    job = await api.job(name, job.id, 20);
  }
  say(job.status === "completed" ? `Job ${job.id} completed` : `Job ${job.id} ${job.status}: ${job.message ?? job.error ?? ""}`);
  showPictures(job.result);
}
