// The gateway's own API. The key lives in this module's memory, and in sessionStorage only if its owner asks for that.

const STORED = "comfyserve-key";
let key = sessionStorage.getItem(STORED) ?? "";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const hasKey = () => key !== "";

export function signIn(given, remember) {
  key = given;
  if (remember) {
    sessionStorage.setItem(STORED, given);
  } else {
    sessionStorage.removeItem(STORED);
  }
}

export function signOut() {
  key = "";
  sessionStorage.removeItem(STORED);
}

async function send(method, path, body, signal) {
  const headers = { Authorization: `Bearer ${key}` };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, { method, headers, signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body) });
  if (!answer.ok) {
    const error = await answer.json().catch(() => ({}));
    throw new ApiError(answer.status, error.msg ?? `the gateway answered ${answer.status}`);
  }
  return answer;
}

const read = async (...call) => (await send(...call)).json();
const jobsOf = name => `/api/v1/endpoints/${encodeURIComponent(name)}/jobs`;

export const overview = () => read("GET", "/api/v1/overview");
export const logs = id => read("POST", "/get_endpoint_logs/", { id, tail: 200 });
export const jobs = name => read("GET", `${jobsOf(name)}?limit=20`);
export const submit = (name, workflow) => read("POST", jobsOf(name), { payload: { input: { request_id: crypto.randomUUID?.() ?? String(Date.now()), workflow_json: workflow } } });
export const job = (name, id, wait) => read("GET", `${jobsOf(name)}/${encodeURIComponent(id)}?wait=${wait}`);
export const change = (name, id, what) => read("POST", `${jobsOf(name)}/${encodeURIComponent(id)}/${what}`);

// Calls back with the fleet each time that the gateway tells it; returns when the gateway ends the answer.
export async function watch(tell, signal) {
  const answer = await send("GET", "/api/v1/overview/live", undefined, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.filter(line => line !== "").forEach(line => tell(JSON.parse(line)));
  }
}
