/** A command that cannot do its work, in one sentence. */
export class CommandError extends Error {}

/** Options of every command that talks to a running cloud. */
export interface RemoteFlags {
  url: string;
  json?: boolean;
}

/**
 * Asks the administration of a running cloud.
 * @throws CommandError when nothing serves there, or it refuses.
 */
export async function ask(flags: RemoteFlags, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, flags.url), init);
  } catch (cause) {
    throw new CommandError(`Nothing serves at ${flags.url}. Start the cloud with: npm start (or name another with --url)`, { cause });
  }
  if (!response.ok) {
    const text = await response.text();
    let reason = text;
    try {
      reason = (JSON.parse(text) as { error?: string }).error ?? text;
    } catch {
      // a plain text answer
    }
    throw new CommandError(`${flags.url} refused: ${reason}`);
  }
  return response;
}

/** Prints JSON, or what `human` makes of it. */
export function print<T>(flags: RemoteFlags, value: T, human: (value: T) => string): void {
  process.stdout.write(`${flags.json ? JSON.stringify(value, null, 2) : human(value)}\n`);
}
