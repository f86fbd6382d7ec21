import type { Platform } from "@cumulet/platform";

const escapes: { [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const text = (value: string): string => value.replace(/[&<>"]/g, (c) => escapes[c]!);

/** The page behind `/_cumulet/`: what runs here and how to use it. One file, no script from anywhere. */
export function welcomePage(platform: Platform, origin: string): string {
  const { version, services, dataFolder } = platform.info();
  const rows = Object.entries(services)
    .map(([id, { implemented, modelled }]) => `<tr><td>${text(id)}</td><td>${implemented}</td><td>${modelled}</td></tr>`)
    .join("");
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Cumulet</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1c2733;background:#fbfcfd}
h1{font-size:1.9rem;margin:0}pre{background:#eef2f6;padding:.8rem 1rem;border-radius:.5rem;overflow:auto}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1.2rem .2rem 0;border-bottom:1px solid #dfe6ec}a{color:#0b66c3}
@media(prefers-color-scheme:dark){body{background:#11161b;color:#dbe4ec}pre{background:#1b232b}td,th{border-color:#2a353f}a{color:#6cb4ff}}
</style>
<h1>Cumulet ${text(version)}</h1>
<p>Your cloud is up. Its state is ${dataFolder === null ? "in memory only" : `in <code>${text(dataFolder)}</code>`}.</p>
<h2>Point your tools here</h2>
<pre>export AWS_ENDPOINT_URL=${text(origin)}
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
export AWS_DEFAULT_REGION=us-east-1
aws s3 mb s3://my-bucket
aws dynamodb list-tables</pre>
<h2>Look inside</h2>
<p><a href="requests">Latest requests</a> · <a href="metrics">Metrics</a> · <a href="health">Health</a> · <a href="info">Info</a> · <a href="snapshots">Snapshots</a> · <a href="clock">Clock</a></p>
<h2>Services</h2>
<table><tr><th>service</th><th>operations here</th><th>in AWS's model</th></tr>${rows}</table>
</html>`;
}
