import type { AnyService } from "@cumulet/core";
import { services as cdn } from "@cumulet/cdn";
import { services as configuration } from "@cumulet/configuration";
import { services as functions } from "@cumulet/functions";
import { services as gateway } from "@cumulet/gateway";
import { services as identity } from "@cumulet/identity";
import { services as keyvalue } from "@cumulet/keyvalue";
import { services as messaging } from "@cumulet/messaging";
import { services as objects } from "@cumulet/objects";
import { services as observability } from "@cumulet/observability";

/** Every service of the cloud. Data planes are asked in this order: exact hosts first, buckets (which any host label may name) last. */
export const services: readonly AnyService[] = [
  ...gateway,
  ...cdn,
  ...functions,
  ...keyvalue,
  ...identity,
  ...observability,
  ...messaging,
  ...configuration,
  ...objects,
];
