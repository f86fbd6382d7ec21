import { defineService } from "@cumulet/core";
import { deliverConfirmation, deliverOne, deliverPublished } from "./delivery.ts";
import * as applications from "./operations/applications.ts";
import { addPermission, listTagsForResource, removePermission, tagResource, untagResource } from "./operations/permissions.ts";
import { publish, publishBatch } from "./operations/publish.ts";
import * as subscriptions from "./operations/subscriptions.ts";
import * as texts from "./operations/text-messages.ts";
import { createTopic, deleteTopic, getTopicAttributes, listTopics, setTopicAttributes } from "./operations/topics.ts";
import { snsPlane } from "./plane.ts";
import { resources } from "./resources.ts";
import { store } from "./store.ts";

/** Amazon SNS. */
export const sns = defineService({
  model: "sns",
  store,
  resources,
  dataPlanes: [snsPlane],
  consumes: { "sns.publish": deliverPublished, "sns.delivery": deliverOne, "sns.confirmation": deliverConfirmation },
  operations: {
    AddPermission: addPermission,
    CheckIfPhoneNumberIsOptedOut: texts.checkIfPhoneNumberIsOptedOut,
    ConfirmSubscription: subscriptions.confirmSubscription,
    CreatePlatformApplication: applications.createPlatformApplication,
    CreatePlatformEndpoint: applications.createPlatformEndpoint,
    CreateSMSSandboxPhoneNumber: texts.createSmsSandboxPhoneNumber,
    CreateTopic: createTopic,
    DeleteEndpoint: applications.deleteEndpoint,
    DeletePlatformApplication: applications.deletePlatformApplication,
    DeleteSMSSandboxPhoneNumber: texts.deleteSmsSandboxPhoneNumber,
    DeleteTopic: deleteTopic,
    GetEndpointAttributes: applications.getEndpointAttributes,
    GetPlatformApplicationAttributes: applications.getPlatformApplicationAttributes,
    GetSMSAttributes: texts.getSmsAttributes,
    GetSMSSandboxAccountStatus: texts.getSmsSandboxAccountStatus,
    GetSubscriptionAttributes: subscriptions.getSubscriptionAttributes,
    GetTopicAttributes: getTopicAttributes,
    ListEndpointsByPlatformApplication: applications.listEndpointsByPlatformApplication,
    ListOriginationNumbers: texts.listOriginationNumbers,
    ListPhoneNumbersOptedOut: texts.listPhoneNumbersOptedOut,
    ListPlatformApplications: applications.listPlatformApplications,
    ListSMSSandboxPhoneNumbers: texts.listSmsSandboxPhoneNumbers,
    ListSubscriptions: subscriptions.listSubscriptions,
    ListSubscriptionsByTopic: subscriptions.listSubscriptionsByTopic,
    ListTagsForResource: listTagsForResource,
    ListTopics: listTopics,
    OptInPhoneNumber: texts.optInPhoneNumber,
    Publish: publish,
    PublishBatch: publishBatch,
    RemovePermission: removePermission,
    SetEndpointAttributes: applications.setEndpointAttributes,
    SetPlatformApplicationAttributes: applications.setPlatformApplicationAttributes,
    SetSMSAttributes: texts.setSmsAttributes,
    SetSubscriptionAttributes: subscriptions.setSubscriptionAttributes,
    SetTopicAttributes: setTopicAttributes,
    Subscribe: subscriptions.subscribe,
    TagResource: tagResource,
    Unsubscribe: subscriptions.unsubscribe,
    UntagResource: untagResource,
    VerifySMSSandboxPhoneNumber: texts.verifySmsSandboxPhoneNumber,
  },
  limits: {
    Publish: "text messages, mails and push notifications leave nothing but a record under /_aws/sns/; delivery status is not logged",
    Subscribe: "no Firehose",
  },
});
