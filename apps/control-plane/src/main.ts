import { StorageError } from "@cumulet/core/platform";
import { Command, Option } from "commander";
import { env } from "./commands/env.ts";
import { logs } from "./commands/logs.ts";
import { reset } from "./commands/reset.ts";
import { start } from "./commands/start.ts";
import { status } from "./commands/status.ts";
import { CommandError } from "./commands/remote.ts";
import { SettingError } from "./settings.ts";
import { version } from "./version.ts";

/** The flags of every command that talks to a running cloud. */
const url = (): Option => new Option("--url <url>", "the running cloud").env("CUMULET_URL").default("http://127.0.0.1:4566");
const json = (): Option => new Option("--json", "print JSON");

const program = new Command("cumulet")
  .description("A whole cloud on one machine: API Gateway, Lambda, DynamoDB, S3 and CloudFront on one port.")
  .version(version)
  .showHelpAfterError("(run with --help for what there is)")
  .configureHelp({ showGlobalOptions: true });

program
  .command("start")
  .description("start the cloud and serve until Ctrl-C")
  .option("-p, --port <port>", "port to serve on (default 4566; 0 picks a free one)")
  .option("--host <address>", "address to serve on (default 127.0.0.1; 0.0.0.0 for all)")
  .option("--data <folder>", "folder that keeps the cloud's state (default ./data)")
  .option("--ephemeral", "keep nothing: state lives in memory and is gone at the end")
  .option("--no-example", "do not deploy the example application")
  .option("--log-level <level>", "debug, info, warn, error or silent (default info)")
  .option("--json", "log JSON lines")
  .addHelpText("after", "\nExamples:\n  cumulet start --port 5000\n  cumulet start --ephemeral --no-example")
  .action((flags: Record<string, unknown>, command: Command) => {
    // commander defaults `--no-x` to true, which would hide the environment's word.
    if (command.getOptionValueSource("example") === "default") delete flags.example;
    return start(flags);
  });

program
  .command("status")
  .description("say whether a cloud runs, which services it has and where its state is")
  .addOption(url()).addOption(json())
  .action(status);

program
  .command("env")
  .description('print the exports that point AWS clients at the cloud: eval "$(cumulet env)"')
  .addOption(url()).addOption(json())
  .option("--account <id>", "12-digit account", "000000000000")
  .option("--region <region>", "region", "us-east-1")
  .option("--unset", "print what takes them back")
  .action(env);

program
  .command("reset")
  .description("forget state: all of it, or one account's, region's or service's")
  .addOption(url()).addOption(json())
  .option("--account <id>", "only this account")
  .option("--region <region>", "only this region")
  .option("--service <service>", "only this service (dynamodb, s3, ...)")
  .action(reset);

program
  .command("logs")
  .description("show the latest requests; with --follow, every request as it happens")
  .addOption(url()).addOption(json())
  .option("-f, --follow", "go on showing")
  .option("-n, --limit <count>", "how many of the latest", "50")
  .action(logs);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof SettingError || error instanceof CommandError || error instanceof StorageError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  throw error;
}
