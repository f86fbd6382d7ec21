import { ask, print, type RemoteFlags } from "./remote.ts";

interface ResetFlags extends RemoteFlags {
  account?: string;
  region?: string;
  service?: string;
}

/** `cumulet reset` */
export async function reset(flags: ResetFlags): Promise<void> {
  const { account, region, service } = flags;
  await ask(flags, "/_cumulet/state/reset", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ account, region, service }) });
  const what = [service, account && `account ${account}`, region].filter(Boolean).join(", ");
  print(flags, { reset: true, account, region, service }, () => (what === "" ? "All state is gone." : `The state of ${what} is gone.`));
}
