import { AwsError } from "@cumulet/protocol";
import type { DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { controlTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** Every table has continuous backups; point-in-time recovery is off until somebody turns it on. */
export function describeContinuousBackups(ctx: Ctx, input: DescribeContinuousBackupsInput): DescribeContinuousBackupsOutput {
  try {
    controlTable(ctx, input.TableName);
  } catch (error) {
    // Backups have an error of their own for what every other operation calls ResourceNotFoundException.
    if (error instanceof AwsError && error.code === "ResourceNotFoundException") throw new AwsError("TableNotFoundException", `Table not found: ${input.TableName}`);
    throw error;
  }
  return { ContinuousBackupsDescription: { ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" } } };
}
