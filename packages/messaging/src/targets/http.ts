import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** Endpoints have so long to answer. */
const patienceMs = 15_000;
/** More of an answer is not read. */
const longestAnswer = 256 * 1024;

/**
 * Sends a text and returns status and beginning of the answer. No redirect is followed.
 * @throws Error when there is no answer.
 */
export function request(method: string, url: string, body: string, headers: { [name: string]: string }, signal: AbortSignal): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    const bytes = Buffer.from(method === "GET" || method === "HEAD" ? "" : body);
    const credentials = target.username === "" ? {} : { Authorization: `Basic ${Buffer.from(`${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`).toString("base64")}` };
    const outgoing = send(target, { method, headers: { ...credentials, ...headers, "Content-Length": bytes.length, Connection: "close" }, signal, timeout: patienceMs }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        if (size < longestAnswer) chunks.push(chunk);
        size += chunk.length;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
      answer.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${target.host} did not answer.`)));
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}
