import { readFileSync } from "node:fs";
import { ask, CommandError, print, type RemoteFlags } from "./remote.ts";

const JSON_BODY = { "content-type": "application/json" };

interface Wish {
  action: string;
  resource: string;
  allowed: boolean;
  reason: string;
  statement?: { policy: string; arn?: string; type: string; number: number; says: unknown };
  missing?: object;
}

interface Explanation {
  requestId: string;
  service: string;
  operation: string;
  principal: string;
  authorization: string;
  status: number;
  error?: { code: string; message: string };
  basis: "decided" | "evaluated";
  note?: string;
  decisions: Wish[];
}

/** `cumulet iam explain <request id>` */
export async function explain(id: string, flags: RemoteFlags): Promise<void> {
  print(flags, (await (await ask(flags, `/_cumulet/iam/explain/${encodeURIComponent(id)}`)).json()) as Explanation, explanation);
}

function explanation({ service, operation, principal, authorization, status, error, basis, note, decisions }: Explanation): string {
  return [
    `${service}.${operation} by ${principal}`,
    `answered ${status}${error === undefined ? "" : ` ${error.code}: ${error.message}`}`,
    basis === "decided" ? `Authorization was ${authorization}; these decisions were made:` : `Authorization is ${authorization}, so nothing was asked. With today's policies:`,
    ...(note === undefined ? [] : [note]),
    ...decisions.flatMap(wish),
  ].join("\n");
}

function wish({ action, resource, allowed, reason, statement, missing }: Wish): string[] {
  return [
    "",
    `${allowed ? "allowed" : "denied "}  ${action}`,
    `         on ${resource}`,
    `         ${reason}`,
    ...(statement === undefined ? [] : [`         statement ${statement.number} of ${statement.type} ${statement.arn ?? statement.policy}:`, `         ${JSON.stringify(statement.says)}`]),
    ...(missing === undefined ? [] : [`         this would allow it: ${JSON.stringify(missing)}`]),
  ];
}

interface LearnFlags extends RemoteFlags {
  start?: boolean;
  stop?: boolean;
  format: string;
  principal?: string;
}

interface Lesson {
  principal: string;
  requests: number;
  policy: object;
  terraform: string;
  cloudformation: object;
}

/** `cumulet iam learn` */
export async function learn(flags: LearnFlags): Promise<void> {
  if (flags.start && flags.stop) throw new CommandError("Either --start or --stop, please.");
  if (flags.start || flags.stop) {
    await ask(flags, "/_cumulet/iam/learn", { method: "POST", headers: JSON_BODY, body: JSON.stringify({ learning: flags.start === true }) });
    if (flags.start) {
      print(flags, { learning: true }, () => "Learning. Run what you want to learn from, then: cumulet iam learn");
      return;
    }
  }
  const { learning, lessons } = (await (await ask(flags, "/_cumulet/iam/learn")).json()) as { learning: boolean; lessons: Lesson[] };
  const wanted = lessons.filter(({ principal }) => flags.principal === undefined || principal.includes(flags.principal));
  print(flags, { learning, lessons: wanted.map(({ principal, requests, policy }) => ({ principal, requests, policy })) }, () => {
    if (wanted.length === 0) return learning ? "Nothing was called yet." : "Nothing was learnt. Begin with: cumulet iam learn --start";
    return wanted.map((lesson) => `# ${lesson.principal}, from ${lesson.requests} request${lesson.requests === 1 ? "" : "s"}\n${written(lesson, flags.format)}`).join("\n\n");
  });
}

function written({ policy, terraform, cloudformation }: Lesson, format: string): string {
  switch (format) {
    case "terraform": return terraform;
    case "cloudformation": return JSON.stringify(cloudformation, null, 2);
    default: return JSON.stringify(policy, null, 2);
  }
}

/** `cumulet iam control <account> [file]` */
export async function control(account: string, file: string | undefined, flags: RemoteFlags & { clear?: boolean }): Promise<void> {
  const path = `/_cumulet/iam/service-control-policies/${encodeURIComponent(account)}`;
  let response: Response;
  if (flags.clear) response = await ask(flags, path, { method: "PUT", headers: JSON_BODY, body: '{"levels":[]}' });
  else if (file === undefined) response = await ask(flags, path);
  else {
    let document: unknown;
    try {
      document = JSON.parse(readFileSync(file, "utf8"));
    } catch (cause) {
      throw new CommandError(`${file} is no JSON that can be read.`, { cause });
    }
    response = await ask(flags, path, { method: "PUT", headers: JSON_BODY, body: JSON.stringify({ levels: [[{ name: file, document }]] }) });
  }
  print(flags, (await response.json()) as { levels: { name: string; document: object }[][] }, ({ levels }) =>
    (levels.length === 0 ? `No service control policy binds ${account}.` : levels.map((level, index) => level.map(({ name, document }) => `level ${index + 1}, ${name}:\n${JSON.stringify(document, null, 2)}`).join("\n")).join("\n")));
}
