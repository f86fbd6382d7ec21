import { defineService } from "@cumulet/core";
import { runNetwork } from "./data-plane/network.ts";
import { viewerPlane } from "./data-plane/plane.ts";
import * as associations from "./operations/associations.ts";
import * as distributions from "./operations/distributions.ts";
import * as encryption from "./operations/encryption.ts";
import * as invalidations from "./operations/invalidations.ts";
import * as keys from "./operations/keys.ts";
import * as logging from "./operations/logging.ts";
import * as originAccess from "./operations/origin-access.ts";
import * as policies from "./operations/policies.ts";
import * as staging from "./operations/staging.ts";
import * as tags from "./operations/tags.ts";
import { store } from "./store.ts";

export const cloudfront = defineService({
  model: "cloudfront",
  store,
  operations: {
    ...distributions, ...invalidations, ...policies, ...tags, ...originAccess, ...keys, ...associations, ...staging, ...logging, ...encryption,
  },
  dataPlanes: [viewerPlane],
  limits: {
    CreateDistribution: "`Logging` is stored and validated; no standard log is written. `redirect-to-https` and `https-only` wait for an HTTPS port.",
    CreateRealtimeLogConfig: "stored and attached; no record is sent.",
    CreateMonitoringSubscription: "stored; no additional metric is put.",
    CreateFieldLevelEncryptionConfig: "stored; a request that would need it is refused.",
  },
  background: runNetwork,
});

export const services = [cloudfront] as const;
