// The yardstick: what node:http alone does with the same requests. Reads the body, answers a fixed JSON of 300 bytes.
import { createServer } from "node:http";

const body = JSON.stringify({ Item: { id: { S: "0123456789" }, payload: { S: "x".repeat(240) } } });
const server = createServer((request, response) => {
  request.on("data", () => undefined);
  request.on("end", () => {
    response.writeHead(200, ["Content-Type", "application/x-amz-json-1.0", "Content-Length", String(body.length)]);
    response.end(body, "latin1");
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`);
});
