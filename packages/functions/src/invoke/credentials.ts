import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";

/** Temporary credentials of a function's role, as they stand in its environment. */
export interface RoleCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Lambda's own sessions last twelve hours. */
const SESSION_SECONDS = 43_200;
/** A role may allow less; an hour is always allowed. */
const SESSION_SECONDS_MIN = 3600;

/**
 * Credentials of a role, through STS as the service. Where STS does not have the role (a cloud without it, or a role
 * that nobody created), the credentials are the account's own: the key is the account number, which the platform takes
 * for the account's root, so that functions work before anybody has thought of roles.
 *
 * @throws AwsError under strict authorization, where a function without its role must not have its account.
 */
export async function roleCredentials(ctx: Context, role: string, functionName: string): Promise<RoleCredentials> {
  const assume = async (seconds: number): Promise<RoleCredentials> => {
    const { Credentials } = await ctx.call.sts.AssumeRole({ RoleArn: role, RoleSessionName: functionName, DurationSeconds: seconds });
    if (Credentials?.AccessKeyId === undefined || Credentials.SecretAccessKey === undefined || Credentials.SessionToken === undefined) throw new Error("STS answered without credentials");
    return { accessKeyId: Credentials.AccessKeyId, secretAccessKey: Credentials.SecretAccessKey, sessionToken: Credentials.SessionToken };
  };
  try {
    return await assume(SESSION_SECONDS).catch((error: unknown) => {
      if (error instanceof AwsError && error.code === "ValidationError") return assume(SESSION_SECONDS_MIN);
      throw error;
    });
  } catch (error) {
    if (ctx.config.authorization === "strict") throw error;
    ctx.log.debug("No credentials for a function's role; its account's own are used", { role, functionName, error: String(error) });
    return { accessKeyId: ctx.account, secretAccessKey: "cumulet", sessionToken: `function/${functionName}` };
  }
}
