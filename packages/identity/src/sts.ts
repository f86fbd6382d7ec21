import { defineService } from "@cumulet/core";
import { assumeRole } from "./operations/sts/assume-role.ts";
import { assumeRoleWithWebIdentity } from "./operations/sts/web-identity.ts";
import * as identity from "./operations/sts/identity.ts";
import { forgetExpired } from "./background.ts";
import { stsResources } from "./resources.ts";
import { identityStore } from "./store.ts";

/** STS: credentials that end. */
export const sts = defineService({
  model: "sts",
  store: identityStore,
  operations: {
    GetCallerIdentity: identity.getCallerIdentity,
    GetAccessKeyInfo: identity.getAccessKeyInfo,
    GetSessionToken: identity.getSessionToken,
    GetFederationToken: identity.getFederationToken,
    DecodeAuthorizationMessage: identity.decodeAuthorizationMessage,
    AssumeRole: assumeRole,
    AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
  },
  background: forgetExpired,
  resources: stsResources,
});
