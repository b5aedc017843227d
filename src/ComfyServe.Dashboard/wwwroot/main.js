import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { remember, showEndpoint } from "./fleet.js";
import { sendWorkflow, showJobs, showLog } from "./work.js";

const RECONNECT = 2000;
const RENEW = 2000;
let fleet = { endpoints: [] };
let chosen = null;
let session = null;

const endpoint = () => fleet.endpoints.find(one => one.id === chosen) ?? fleet.endpoints[0];
const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

function live(text, state) {
  byId("live").textContent = text;
  byId("live").className = `live ${state}`;
}

function show() {
  const shown = endpoint();
  byId("nothing").hidden = shown !== undefined;
  byId("endpoint").hidden = shown === undefined;
  byId("endpoints").replaceChildren(...fleet.endpoints.map(one => element(
    "button", { type: "button", "aria-pressed": String(one === shown), onclick: () => choose(one.id) }, one.endpoint_name)));
  if (shown) {
    showEndpoint(shown);
  }
}

function choose(id) {
  chosen = id;
  show();
  renew();
}

async function renew() {
  const shown = endpoint();
  if (shown) {
    await Promise.all([showJobs(shown.endpoint_name), showLog(shown.id)]);
  }
}

function leave(why) {
  session?.abort();
  session = null;
  api.signOut();
  byId("fleet").hidden = true;
  byId("sign-out").hidden = true;
  byId("login").hidden = false;
  byId("login-error").hidden = !why;
  byId("login-error").textContent = why ?? "";
  live("Not signed in", "");
}

// Both loops end with the session; a wrong key ends the session, anything else is tried again.
async function repeat(step, every, signal) {
  while (!signal.aborted) {
    try {
      await step();
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error.status === 401 || error.status === 403) {
        leave(error.message);
        return;
      }
      live("Gateway does not answer", "off");
    }
    await pause(every);
  }
}

async function enter() {
  fleet = await api.overview();
  remember(fleet);
  byId("login").hidden = true;
  byId("fleet").hidden = false;
  byId("sign-out").hidden = false;
  byId("key").value = "";
  show();
  session = new AbortController();
  const { signal } = session;
  repeat(() => api.watch(told => {
    fleet = told;
    remember(fleet);
    live("Live", "on");
    show();
  }, signal), RECONNECT, signal);
  repeat(renew, RENEW, signal);
}

byId("login-form").addEventListener("submit", async event => {
  event.preventDefault();
  api.signIn(byId("key").value.trim(), byId("remember").checked);
  await enter().catch(error => leave(error.message));
});
byId("sign-out").addEventListener("click", () => leave());
byId("level").addEventListener("change", () => renew().catch(() => {}));
byId("file").addEventListener("change", async event => {
  const [file] = event.target.files;
  if (file) {
    byId("workflow").value = await file.text();
  }
});
byId("send").addEventListener("submit", async event => {
  event.preventDefault();
  const button = event.submitter ?? byId("send").querySelector("button");
  button.disabled = true;
  await sendWorkflow(endpoint().endpoint_name).catch(error => (byId("sent").textContent = error.message));
  button.disabled = false;
});

if (api.hasKey()) {
  enter().catch(error => leave(error.message));
}
