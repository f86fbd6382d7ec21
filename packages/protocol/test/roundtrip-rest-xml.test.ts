import { roundtrip } from "./support/roundtrip.ts";

roundtrip("s3", {
  // The client hashes customer keys on their way.
  members: ["SSECustomerKey", "SSECustomerKeyMD5", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5",
    // Opaque text that the client tries to read as a date.
    "Expires"],
  skip: { ListDirectoryBuckets: "differs from ListBuckets by its host only" },
  fixed: { Bucket: "a-bucket", ChecksumAlgorithm: "CRC32", CopySource: "other/key" },
  // Required checksums are computed by the client.
  added: /^(ChecksumAlgorithm|ChecksumCRC32|ContentMD5|ContentLength|ContentType)$/,
});
roundtrip("cloudfront");
roundtrip("s3control", {
  // An outpost is another host.
  members: ["OutpostId"],
  fixed: { AccountId: "111122223333" }, added: /^ChecksumAlgorithm$/,
});
