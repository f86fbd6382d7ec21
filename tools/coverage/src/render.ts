import type { ServiceId } from "@cumulet/protocol";
import { loadModel, serviceIndex } from "@cumulet/protocol";

/** What counting needs to know of a service definition. */
export interface Counted {
  model: ServiceId;
  operations: Record<string, unknown>;
  /** Operation to one sentence: it answers, but its effect is limited. */
  limits?: Record<string, string | undefined>;
}

/** Implemented operation names of a service, sorted; throws for a name that AWS does not have. */
export function implemented({ model, operations }: Counted): string[] {
  const known = loadModel(model).operations;
  const names = Object.keys(operations).filter((name) => operations[name] !== undefined).sort();
  for (const name of names) if (!(name in known)) throw new Error(`${model} implements ${name}, which AWS's model does not have`);
  return names;
}

/** The table for README.md: every service that answers at all, then the names of those that are only known. */
export function renderTable(services: readonly Counted[]): string {
  const rows = services
    .map((service) => ({ id: service.model, done: implemented(service).length, all: serviceIndex[service.model].operations }))
    .sort((a, b) => compare(serviceIndex[a.id].serviceFullName, serviceIndex[b.id].serviceFullName));
  const total = rows.reduce((sum, { done, all }) => ({ done: sum.done + done, all: sum.all + all }), { done: 0, all: 0 });
  const answered = new Set(services.map(({ model }) => model));
  const known = (Object.keys(serviceIndex) as ServiceId[]).filter((id) => !answered.has(id));
  return [
    "| Service | Id | Operations |",
    "| --- | --- | ---: |",
    ...rows.map(({ id, done, all }) => `| ${serviceIndex[id].serviceFullName} | \`${id}\` | ${done} / ${all} |`),
    `| **Together** | | **${total.done} / ${total.all}** |`,
    ...(known.length === 0 ? [] : ["", `Known by their models only, so that every call gets a named 501 in the caller's protocol: ${known.map((id) => `\`${id}\``).join(", ")}.`]),
  ].join("\n");
}

/** The operation list for a package's README: what is there, what is limited, what is missing. */
export function renderOperations(services: readonly Counted[]): string {
  return services.map((service) => {
    const done = implemented(service);
    const missing = Object.keys(loadModel(service.model).operations).filter((name) => !done.includes(name)).sort();
    const limits = Object.entries(service.limits ?? {}).filter(([, sentence]) => sentence !== undefined).sort(([a], [b]) => compare(a, b));
    return [
      `### ${serviceIndex[service.model].serviceFullName}: ${done.length} of ${serviceIndex[service.model].operations} operations`,
      ...(done.length === 0 ? [] : ["", done.map((name) => `\`${name}\``).join(", ")]),
      ...(limits.length === 0 ? [] : ["", "With limits:", "", ...limits.map(([name, sentence]) => `- \`${name}\`: ${sentence}`)]),
      ...(missing.length === 0 ? [] : ["", "<details><summary>Not there yet: a named 501</summary>", "", missing.map((name) => `\`${name}\``).join(", "), "", "</details>"]),
    ].join("\n");
  }).join("\n\n");
}

const BEGIN = "<!-- coverage:begin -->";
const END = "<!-- coverage:end -->";

/** Puts `content` between the markers of a text; undefined when it has no markers. */
export function splice(text: string, content: string): string | undefined {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) return undefined;
  return `${text.slice(0, begin + BEGIN.length)}\n${content}\n${text.slice(end)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
