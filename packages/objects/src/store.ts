import { defineStore } from "@cumulet/core";
import type { StoreScope } from "@cumulet/core";
import { openAccessPoints } from "./store/access-points.ts";
import type { AccessPoints } from "./store/access-points.ts";
import { openBuckets } from "./store/buckets.ts";
import type { Buckets } from "./store/buckets.ts";
import { openContents } from "./store/contents.ts";
import type { Contents } from "./store/contents.ts";
import { openObjects } from "./store/objects.ts";
import type { Objects } from "./store/objects.ts";
import { migrations } from "./store/schema.ts";
import { openUploads } from "./store/uploads.ts";
import type { Uploads } from "./store/uploads.ts";

/** All S3 state of one account and region. */
export interface Store {
  buckets: Buckets;
  objects: Objects;
  contents: Contents;
  uploads: Uploads;
  accessPoints: AccessPoints;
}

export const store = defineStore<Store>({
  name: "s3",
  scope: "regional",
  migrations,
  blobIds: ({ contents }) => contents.blobs(),
  open: ({ db }: StoreScope): Store => ({
    buckets: openBuckets(db),
    objects: openObjects(db),
    contents: openContents(db),
    uploads: openUploads(db),
    accessPoints: openAccessPoints(db),
  }),
});
