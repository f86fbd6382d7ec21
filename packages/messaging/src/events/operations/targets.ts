import type { Context } from "@cumulet/core";
import { notFound, validation } from "../domain/errors.ts";
import type { Bus, EventsStore, Rule } from "../store.ts";

/** A context of EventBridge. */
export type Ctx = Context<EventsStore>;

/** A bus with the context of its owner. */
export interface BusTarget {
  ctx: Ctx;
  bus: Bus;
}

/** A name or an ARN of a bus, taken apart. */
export function busAddress(ctx: Ctx, nameOrArn = "default"): { ctx: Ctx; name: string } {
  const arn = /^arn:[a-z-]+:events:([a-z0-9-]+):(\d{12}):event-bus\/(.+)$/.exec(nameOrArn);
  if (arn === null) return { ctx, name: nameOrArn };
  return { ctx: ctx.at(arn[2]!, arn[1]!), name: arn[3]! };
}

/** @throws AwsError ResourceNotFoundException */
export function busTarget(ctx: Ctx, nameOrArn?: string): BusTarget {
  const { ctx: owner, name } = busAddress(ctx, nameOrArn);
  const bus = owner.store.bus(name);
  if (bus === undefined) throw notFound(`Event bus ${name} does not exist.`);
  return { ctx: owner, bus };
}

/** @throws AwsError ResourceNotFoundException */
export function ruleTarget(ctx: Ctx, nameOrArn: string | undefined, name: string): { ctx: Ctx; rule: Rule } {
  const { ctx: owner, bus } = busTarget(ctx, nameOrArn);
  const rule = owner.store.rule(bus.name, name);
  if (rule === undefined) throw notFound(`Rule ${name} does not exist on EventBus ${bus.name}.`);
  return { ctx: owner, rule };
}

export function arnOf(ctx: Ctx, resource: string): string {
  return `arn:${ctx.partition}:events:${ctx.region}:${ctx.account}:${resource}`;
}

/** The default bus's rules have no bus in their ARN (recorded). */
export function ruleArn(ctx: Ctx, { bus, name }: Pick<Rule, "bus" | "name">): string {
  return arnOf(ctx, bus === "default" ? `rule/${name}` : `rule/${bus}/${name}`);
}

export function busArn(ctx: Ctx, name: string): string {
  return arnOf(ctx, `event-bus/${name}`);
}

const largestPage = 100;

/** A page of what `read` finds after a name. */
export function paged<T>(input: { Limit?: number | undefined; NextToken?: string | undefined }, read: (after: string, limit: number) => T[], name: (row: T) => string): { rows: T[]; next: { NextToken?: string } } {
  const limit = input.Limit ?? largestPage;
  const found = read(readToken(input.NextToken), limit + 1);
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? { NextToken: Buffer.from(name(rows.at(-1)!)).toString("base64") } : {} };
}

function readToken(token: string | undefined): string {
  if (token === undefined) return "";
  const name = Buffer.from(token, "base64").toString();
  if (Buffer.from(name).toString("base64") !== token) throw validation("Parameter NextToken is not valid.");
  return name;
}
