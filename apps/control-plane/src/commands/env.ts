import { CommandError, print, type RemoteFlags } from "./remote.ts";

interface EnvFlags extends RemoteFlags {
  account: string;
  region: string;
  unset?: boolean;
}

/** `cumulet env`: works without a running cloud, so that a shell's start file may hold it. */
export function env(flags: EnvFlags): void {
  if (!/^\d{12}$/.test(flags.account)) throw new CommandError(`An account is 12 digits, not "${flags.account}".`);
  if (!/^[a-z0-9-]{1,32}$/.test(flags.region)) throw new CommandError(`"${flags.region}" is not a region name.`);
  const url = new URL(flags.url).origin.replace("//127.0.0.1", "//localhost");
  const variables = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: flags.account,
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: flags.region,
    AWS_DEFAULT_REGION: flags.region,
  };
  // A profile or a session token of a real account would win over, or break, what we set.
  const cleared = ["AWS_PROFILE", "AWS_SESSION_TOKEN"];
  print(flags, variables, () =>
    flags.unset
      ? `unset ${[...Object.keys(variables)].join(" ")}`
      : [...Object.entries(variables).map(([name, value]) => `export ${name}=${value}`), `unset ${cleared.join(" ")}`].join("\n"));
}
