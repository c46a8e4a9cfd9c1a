// k6: send the requests of a corpus (corpus.py) one after another, at a constant rate (RATE) or by so many clients at
// once (CLIENTS). CORPUS, TOKEN, URL, RUN (six digits that no other run has) and SECONDS come from the environment.
// At the end it prints one line of JSON. A refusal is a 429 or 503; another status of 400 and more is a failure.
import http from "k6/http";
import exec from "k6/execution";
import { SharedArray } from "k6/data";
import { Counter, Trend } from "k6/metrics";

const lines = new SharedArray("corpus", () => open(__ENV.CORPUS).split("\n").filter((line) => line !== ""));
const unique = "@".repeat(16);
const accepted = new Trend("accepted", true);
const refused = new Counter("refused");
const failed = new Counter("failed");
const most = Number(__ENV.VUS || 512);
const duration = `${__ENV.SECONDS}s`;

export const options = {
  scenarios: {
    load: __ENV.RATE
      ? { executor: "constant-arrival-rate", rate: Number(__ENV.RATE), duration, preAllocatedVUs: most, maxVUs: most }
      : { executor: "constant-vus", vus: Number(__ENV.CLIENTS), duration },
  },
  discardResponseBodies: true,
  summaryTrendStats: ["p(50)", "p(95)", "p(99)", "max"],
};

export default function () {
  const number = exec.scenario.iterationInTest;
  const [method, path, kind, match, body] = lines[number % lines.length].split("\t");
  const headers = { Authorization: `Bearer ${__ENV.TOKEN}` };
  if (kind) headers["Content-Type"] = kind;
  if (match) headers["If-Match"] = match;
  const content = body ? body.replace(unique, __ENV.RUN + String(number).padStart(10, "0")) : null;
  const answer = http.request(method, __ENV.URL + path, content, { headers, timeout: "30s", tags: { name: "one" } });
  if (answer.status >= 200 && answer.status < 400) accepted.add(answer.timings.duration);
  else if (answer.status === 429 || answer.status === 503) refused.add(1);
  else failed.add(1);
}

export function handleSummary(data) {
  const count = (name) => (data.metrics[name] ? data.metrics[name].values.count : 0);
  const trend = data.metrics.accepted ? data.metrics.accepted.values : {};
  const done = count("iterations");
  return {
    stdout:
      JSON.stringify({
        sent: done,
        seconds: data.state.testRunDurationMs / 1000,
        refused: count("refused"),
        failed: count("failed"),
        unsent: count("dropped_iterations"),
        p50: trend["p(50)"] || 0,
        p95: trend["p(95)"] || 0,
        p99: trend["p(99)"] || 0,
        worst: trend.max || 0,
      }) + "\n",
  };
}
