import { defineService } from "@cumulet/core";
import { postPlane } from "./data-plane/post.ts";
import { preflightPlane } from "./data-plane/preflight.ts";
import { sitePlane } from "./data-plane/site.ts";
import { lifecycle, sweeps } from "./background.ts";
import { accessPointOperations } from "./control/access-points.ts";
import { accountOperations } from "./control/account.ts";
import { tagOperations } from "./control/tags.ts";
import { deliveries } from "./deliver.ts";
import { aclOperations } from "./operations/acl.ts";
import { attributeOperations } from "./operations/attributes.ts";
import { bucketOperations } from "./operations/buckets.ts";
import { completeOperations } from "./operations/complete.ts";
import { configurationOperations } from "./operations/configurations.ts";
import { copyOperations } from "./operations/copy.ts";
import { deleteOperations } from "./operations/delete.ts";
import { getOperations } from "./operations/get.ts";
import { lifecycleOperations } from "./operations/lifecycle.ts";
import { listOperations } from "./operations/list.ts";
import { lockOperations } from "./operations/lock.ts";
import { multipartOperations } from "./operations/multipart.ts";
import { notificationOperations } from "./operations/notification.ts";
import { policyOperations } from "./operations/policy.ts";
import { putOperations } from "./operations/put.ts";
import { replicationOperations } from "./operations/replication.ts";
import { restoreOperations, restores } from "./operations/restore.ts";
import { settingOperations } from "./operations/settings.ts";
import { siteOperations } from "./operations/site.ts";
import { taggingOperations } from "./operations/tagging.ts";
import { versioningOperations } from "./operations/versioning.ts";
import { replications } from "./requests/replicate.ts";
import { store } from "./store.ts";

const s3 = defineService({
  model: "s3",
  store,
  operations: {
    ...aclOperations,
    ...attributeOperations,
    ...bucketOperations,
    ...completeOperations,
    ...configurationOperations,
    ...copyOperations,
    ...deleteOperations,
    ...getOperations,
    ...lifecycleOperations,
    ...listOperations,
    ...lockOperations,
    ...multipartOperations,
    ...notificationOperations,
    ...policyOperations,
    ...putOperations,
    ...replicationOperations,
    ...restoreOperations,
    ...settingOperations,
    ...siteOperations,
    ...taggingOperations,
    ...versioningOperations,
  },
  dataPlanes: [sitePlane, postPlane, preflightPlane],
  consumes: { ...deliveries, ...replications, ...restores, ...sweeps },
  background: lifecycle,
  authorizes: "itself",
});

const s3control = defineService({
  model: "s3control",
  store,
  operations: { ...accessPointOperations, ...accountOperations, ...tagOperations },
});

export const services = [s3, s3control] as const;
