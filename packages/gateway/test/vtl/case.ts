/** One golden template: what it is given and what must come out. */
export interface VtlCase {
  name: string;
  template: string;
  body?: string;
  params?: { path?: Record<string, string>; querystring?: Record<string, string>; header?: Record<string, string> };
  context?: Record<string, unknown>;
  stageVariables?: Record<string, string>;
  /** The rendered text; for documents whose white space means nothing, `json` instead. */
  output?: string;
  json?: unknown;
  /** What the template leaves in `$context.requestOverride` or `responseOverride`. */
  overrides?: { request?: unknown; response?: unknown };
  /** The error that rendering ends with. */
  error?: RegExp;
}

/** A case of few words. */
export const c = (name: string, template: string, output: string, more: Partial<VtlCase> = {}): VtlCase => ({ name, template, output, ...more });
