import { createPlatform } from "@cumulet/platform";
import { createLogger } from "@cumulet/core/platform";
import { deployExample } from "../example.ts";
import { InitHooks } from "../hooks.ts";
import { listen } from "../listen.ts";
import { readSettings, type StartFlags } from "../settings.ts";
import { version } from "../version.ts";

/** `cumulet start`: serves until SIGINT or SIGTERM. */
export async function start(flags: StartFlags): Promise<void> {
  // npm changes into the project's folder; the person's own is in INIT_CWD.
  const settings = readSettings(flags, process.env, process.env.INIT_CWD ?? process.cwd());
  const output = bufferedOutput(process.stdout);
  const log = createLogger({
    ...settings.log,
    write: output.write,
    now: Date.now,
    colors: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  });
  const say = (text: string): void => {
    if (settings.log.format === "json") log.info(text);
    else output.write(`${text}\n`);
  };

  const platform = await createPlatform({ dataFolder: settings.dataFolder, config: settings.config, log, extraOrigins: settings.extraOrigins, version });
  const hooks = new InitHooks(process.env.CUMULET_INIT, say);
  const region = settings.config.defaultRegion ?? "us-east-1";
  await hooks.run("boot", `http://localhost:${settings.port}`, region);
  let listening;
  try {
    listening = await listen(platform, settings.host, settings.port, hooks);
  } catch (error) {
    await platform.close();
    throw error;
  }
  const shown = settings.host === "0.0.0.0" || settings.host === "127.0.0.1" || settings.host === "::" ? "localhost" : settings.host;
  const endpoint = `http://${shown}:${listening.port}`;
  platform.served(settings.config.endpoint ?? endpoint, listening.port);

  await hooks.run("start", endpoint, region);

  const stopping = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.resolve());

  say(`Cumulet ${version} serves on ${endpoint}`);
  say(`  state    ${settings.dataFolder ?? "in memory only: gone at the end"}`);
  say(`  page     ${endpoint}/_cumulet/`);
  say(`  AWS CLI  export AWS_ENDPOINT_URL=${endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1`);
  // Tools that start us wait for this very line.
  say("Ready.");

  await hooks.run("ready", endpoint, region);
  if (settings.example) {
    const deployed = await Promise.race([deployExample(endpoint, region, settings.dataFolder, say), stopping.promise]);
    if (deployed !== undefined) for (const line of deployed) say(line);
  }

  await stopping.promise;
  say("Stopping ...");
  const impatient = (): never => process.exit(130);
  process.once("SIGINT", impatient);
  await hooks.run("shutdown", endpoint, region);
  await listening.close();
  await platform.close();
  say("Stopped.");
}

/**
 * Lines of one turn of the event loop leave in one write: under load, a write a request would cost more than the request. A
 * reader that goes away (`cumulet start | head`) stops the output, not the cloud.
 */
function bufferedOutput(stream: NodeJS.WriteStream): { write(line: string): void } {
  let lines: string[] = [];
  stream.on("error", () => undefined);
  const flush = (): void => {
    const text = lines.join("");
    lines = [];
    stream.write(text);
  };
  process.once("exit", flush);
  return {
    write: (line) => {
      if (lines.push(line) === 1) setImmediate(flush);
    },
  };
}
