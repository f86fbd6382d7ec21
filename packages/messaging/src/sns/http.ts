import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** SNS gives an endpoint so long to answer. */
const patienceMs = 15_000;

/**
 * Posts a text and returns the status of the answer, whose body is thrown away. No redirect is followed.
 * @throws Error when there is no answer.
 */
export function post(url: string, body: string, headers: { [name: string]: string }, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    const bytes = Buffer.from(body);
    const credentials = target.username === "" ? {} : { Authorization: `Basic ${Buffer.from(`${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`).toString("base64")}` };
    const outgoing = send(target, {
      method: "POST",
      headers: { ...headers, ...credentials, "Content-Length": bytes.length, "User-Agent": "Amazon Simple Notification Service Agent", "Accept-Encoding": "gzip,deflate", Connection: "close" },
      signal,
      timeout: patienceMs,
    }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${target.host} did not answer.`)));
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}
