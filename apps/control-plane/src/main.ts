import { Command, Option } from "commander";
import { clock } from "./commands/clock.ts";
import { doctor } from "./commands/doctor.ts";
import { env } from "./commands/env.ts";
import * as iam from "./commands/iam.ts";
import { logs } from "./commands/logs.ts";
import { reset } from "./commands/reset.ts";
import * as snapshot from "./commands/snapshot.ts";
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
  .action(async (flags: Record<string, unknown>, command: Command) => {
    // commander defaults `--no-x` to true, which would hide the environment's word.
    if (command.getOptionValueSource("example") === "default") delete flags.example;
    // Every service comes with it; the other commands need none.
    const { start } = await import("./commands/start.ts");
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

const snapshots = program.command("snapshot").description("save the state under a name, and go back to it");
snapshots.command("save <name>").description("save all state, or one account's").addOption(url()).addOption(json()).option("--account <id>", "only this account").action(snapshot.save);
snapshots.command("list").description("list what was saved").addOption(url()).addOption(json()).action(snapshot.list);
snapshots.command("load <name>").description("put the saved state in the place of the present one").addOption(url()).addOption(json()).action(snapshot.load);
snapshots.command("delete <name>").description("forget a saved state").addOption(url()).addOption(json()).action(snapshot.remove);
snapshots.command("export <name> <file>").description("write a saved state to one file").addOption(url()).addOption(json()).action(snapshot.exportTo);
snapshots.command("import <name> <file>").description("take in a saved state from a file").addOption(url()).addOption(json()).action(snapshot.importFrom);

const access = program.command("iam").description("why access was given or refused, and how little is enough");
access.command("explain <request-id>").description("tell which statement decided a request").addOption(url()).addOption(json()).action(iam.explain);
access.command("learn")
  .description("write the least-privilege policies of what a run used")
  .addOption(url()).addOption(json())
  .option("--start", "begin to watch, from nothing")
  .option("--stop", "stop watching")
  .option("--principal <text>", "only principals whose ARN has this in it")
  .addOption(new Option("--format <format>", "how to write them").choices(["json", "terraform", "cloudformation"]).default("json"))
  .action(iam.learn);
access.command("control <account> [file]")
  .description("show an account's service control policies, or bind it by the policy in a file")
  .addOption(url()).addOption(json())
  .option("--clear", "bind it by none")
  .action(iam.control);

program
  .command("clock")
  .description("show platform time; move, stop or hurry it")
  .addOption(url()).addOption(json())
  .option("--advance <duration>", "move it on: 90s, 15m, 1.5h, 7d")
  .option("--freeze", "stop it")
  .option("--unfreeze", "let it run on")
  .option("--speed <factor>", "let it run faster or slower")
  .option("--reset", "back to the machine's time")
  .action(clock);

program
  .command("doctor")
  .description("look at what usually goes wrong on a machine, and say the mend")
  .addOption(url()).addOption(json())
  .action(doctor);

program
  .command("logs")
  .alias("requests")
  .description("show the latest requests; with --follow, every request as it happens")
  .addOption(url()).addOption(json())
  .option("-f, --follow", "go on showing")
  .option("-n, --limit <count>", "how many of the latest", "50")
  .action(logs);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof SettingError || error instanceof CommandError || (error as Error).name === "StorageError") {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
  throw error;
}
