/** An origin access identity's canonical user id in S3: 96 hexadecimal digits that follow from its id. */
export function canonicalUserOf(id: string): string {
  return Buffer.from(`cloudfront-oai/${id}`.padEnd(48, ".")).toString("hex").slice(0, 96);
}
