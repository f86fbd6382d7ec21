/** The error that a command is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<{ name: string; message: string; status: number | undefined }> {
  try {
    await promise;
  } catch (error) {
    const thrown = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name: thrown.name, message: thrown.message, status: thrown.$metadata?.httpStatusCode };
  }
  throw new Error("The command was expected to fail");
}
