// The guestbook's API: GET /api/notes lists the latest notes, POST /api/notes adds one.
// The AWS SDK comes with the runtime, and finds the endpoint and the credentials in the environment, as on AWS.
import { DynamoDBClient, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";

const table = process.env.TABLE_NAME;
const dynamodb = new DynamoDBClient({});

const answer = (statusCode, body, headers = {}) => ({
  statusCode,
  headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...headers },
  body: JSON.stringify(body),
});

export async function handler(event) {
  const { method } = event.requestContext.http;
  if (method === "POST") return addNote(event);
  const { Items } = await dynamodb.send(new QueryCommand({
    TableName: table,
    KeyConditionExpression: "book = :book",
    ExpressionAttributeValues: { ":book": { S: "main" } },
    ScanIndexForward: false,
    Limit: 50,
  }));
  return answer(200, { notes: Items.map(({ writtenAt, name, text }) => ({ writtenAt: writtenAt.S, name: name.S, text: text.S })) });
}

async function addNote(event) {
  let note;
  try {
    note = JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body);
  } catch {
    return answer(400, { message: "Send a note as JSON." });
  }
  const name = String(note?.name ?? "").trim().slice(0, 40);
  const text = String(note?.text ?? "").trim().slice(0, 500);
  if (name === "" || text === "") return answer(400, { message: "A note needs a name and a text." });
  const writtenAt = `${new Date().toISOString()}#${event.requestContext.requestId}`;
  await dynamodb.send(new PutItemCommand({
    TableName: table,
    Item: { book: { S: "main" }, writtenAt: { S: writtenAt }, name: { S: name }, text: { S: text } },
  }));
  return answer(201, { writtenAt, name, text });
}
