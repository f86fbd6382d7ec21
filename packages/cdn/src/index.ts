import { defineService } from "@cumulet/core";
import { runNetwork } from "./data-plane/network.ts";
import { viewerPlane } from "./data-plane/plane.ts";
import * as distributions from "./operations/distributions.ts";
import * as invalidations from "./operations/invalidations.ts";
import * as policies from "./operations/policies.ts";
import * as tags from "./operations/tags.ts";
import { store } from "./store.ts";

export const cloudfront = defineService({
  model: "cloudfront",
  store,
  operations: {
    ...distributions, ...invalidations, ...policies, ...tags,
  },
  dataPlanes: [viewerPlane],
  background: runNetwork,
});

export const services = [cloudfront] as const;
