import { expect, describe, test } from "vitest";
import { renderMapping } from "../../src/data-plane/templates.ts";
import { compileTemplate } from "../../src/domain/vtl/index.ts";
import { overridesOf } from "../../src/domain/vtl/gateway-objects.ts";
import type { Value } from "../../src/domain/vtl/index.ts";
import type { VtlCase } from "./case.ts";
import { documented } from "./documented.ts";
import { gatewayObjects } from "./gateway.ts";
import { language } from "./language.ts";
import { methods } from "./methods.ts";

function plain(value: Value): unknown {
  return value instanceof Map ? Object.fromEntries([...value].map(([key, item]) => [key, plain(item)])) : value;
}

/** Overrides without the empty places that templates may write to. */
function left(context: Value, name: "requestOverride" | "responseOverride"): unknown {
  const found = plain(overridesOf(context, name)) as Record<string, unknown> | undefined;
  const kept = Object.entries(found ?? {}).filter(([, value]) => typeof value !== "object" || Object.keys(value!).length > 0);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function render({ template, body = "", params = {}, context = {}, stageVariables = {} }: VtlCase): { text: string; context: Value } {
  return renderMapping(compileTemplate(template), {
    body,
    parameters: { path: {}, querystring: {}, header: {}, ...params },
    context: { ...context, requestOverride: { header: {}, path: {}, querystring: {} }, responseOverride: { header: {} } },
    stageVariables,
  });
}

const corpus = { documented, gatewayObjects, language, methods };

describe.each(Object.entries(corpus))("mapping templates: %s", (_name, cases) => {
  test.each(cases.map((item) => [item.name, item] as const))("%s", (_title, item) => {
    if (item.error !== undefined) {
      expect(() => render(item)).toThrow(item.error);
      return;
    }
    const { text, context } = render(item);
    if (item.json !== undefined) expect(JSON.parse(text)).toEqual(item.json);
    else expect(text).toBe(item.output);
    if (item.overrides !== undefined) expect({ request: left(context, "requestOverride"), response: left(context, "responseOverride") }).toEqual(item.overrides);
  });
});

test("the corpus keeps its size, and no two of its templates are the same case", () => {
  const all = Object.values(corpus).flat();
  expect(all.length).toBeGreaterThanOrEqual(150);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});
