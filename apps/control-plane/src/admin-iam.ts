import { AccessInsight, toCloudFormation, toTerraform, type ControlPolicy } from "@cumulet/identity";
import type { Platform } from "@cumulet/platform";
import type { Hono } from "hono";
import { HTTPException } from "hono/http-exception";

/** Administration of access: why a request was decided as it was, what principals really need, and service control policies. */
export function iamRoutes(app: Hono, platform: Platform, jsonBody: (request: Request) => Promise<Record<string, unknown>>): void {
  const { runtime } = platform;
  const insight = new AccessInsight(runtime);
  const { lessons } = insight;

  app.get("/_cumulet/iam/explain/:id", (c) => {
    const record = runtime.recent.find(c.req.param("id"));
    if (record === undefined) throw new HTTPException(404, { message: "No such request among the last 1,000. Its id stands in the answer's headers (x-amzn-requestid) and in cumulet requests." });
    return c.json({ ...insight.explain(record), authorization: runtime.config.authorization, status: record.status, error: record.error });
  });

  app.get("/_cumulet/iam/learn", (c) => c.json({
    learning: lessons.learning,
    lessons: lessons.lessons().map((lesson) => ({ ...lesson, terraform: toTerraform(lesson), cloudformation: toCloudFormation(lesson) })),
  }));
  app.post("/_cumulet/iam/learn", async (c) => {
    const { learning } = await jsonBody(c.req.raw);
    if (typeof learning !== "boolean") throw new HTTPException(400, { message: 'Send {"learning": true} to begin from nothing, {"learning": false} to stop.' });
    if (learning) lessons.start();
    else lessons.stop();
    return c.json({ learning: lessons.learning });
  });

  const account = (text: string): string => {
    if (!/^\d{12}$/.test(text)) throw new HTTPException(400, { message: "An account has twelve digits." });
    return text;
  };
  app.get("/_cumulet/iam/service-control-policies/:account", (c) => c.json({ levels: insight.controlPolicies(account(c.req.param("account"))) }));
  app.put("/_cumulet/iam/service-control-policies/:account", async (c) => {
    const { levels } = (await jsonBody(c.req.raw)) as { levels?: ControlPolicy[][] };
    if (!Array.isArray(levels) || !levels.every(Array.isArray)) throw new HTTPException(400, { message: 'Send {"levels": [[{"name": "FullAWSAccess", "document": {...}}]]}: a list of policies for each level of the organization.' });
    try {
      await insight.setControlPolicies(account(c.req.param("account")), levels);
    } catch (problem) {
      if ((problem as Error).name === "PolicySyntaxError") throw new HTTPException(400, { message: (problem as Error).message });
      throw problem;
    }
    return c.json({ levels });
  });
}
