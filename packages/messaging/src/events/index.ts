import { defineService } from "@cumulet/core";
import { background } from "./background.ts";
import { deliverMatched, deliverOne } from "./delivery.ts";
import { authorizeConnection } from "./destinations.ts";
import * as archives from "./operations/archives.ts";
import * as buses from "./operations/buses.ts";
import * as connections from "./operations/connections.ts";
import { putEvents } from "./operations/put-events.ts";
import * as rules from "./operations/rules.ts";
import { store } from "./store.ts";

/** Amazon EventBridge. */
export const events = defineService({
  model: "events",
  store,
  background,
  consumes: { "events.matched": deliverMatched, "events.delivery": deliverOne, "events.authorize": authorizeConnection },
  operations: {
    CancelReplay: archives.cancelReplay,
    CreateApiDestination: connections.createApiDestination,
    CreateArchive: archives.createArchive,
    CreateConnection: connections.createConnection,
    CreateEventBus: buses.createEventBus,
    DeauthorizeConnection: connections.deauthorizeConnection,
    DeleteApiDestination: connections.deleteApiDestination,
    DeleteArchive: archives.deleteArchive,
    DeleteConnection: connections.deleteConnection,
    DeleteEventBus: buses.deleteEventBus,
    DeleteRule: rules.deleteRule,
    DescribeApiDestination: connections.describeApiDestination,
    DescribeArchive: archives.describeArchive,
    DescribeConnection: connections.describeConnection,
    DescribeEventBus: buses.describeEventBus,
    DescribeReplay: archives.describeReplay,
    DescribeRule: rules.describeRule,
    DisableRule: rules.disableRule,
    EnableRule: rules.enableRule,
    ListApiDestinations: connections.listApiDestinations,
    ListArchives: archives.listArchives,
    ListConnections: connections.listConnections,
    ListEventBuses: buses.listEventBuses,
    ListReplays: archives.listReplays,
    ListRuleNamesByTarget: rules.listRuleNamesByTarget,
    ListRules: rules.listRules,
    ListTagsForResource: rules.listTagsForResource,
    ListTargetsByRule: rules.listTargetsByRule,
    PutEvents: putEvents,
    PutPermission: buses.putPermission,
    PutRule: rules.putRule,
    PutTargets: rules.putTargets,
    RemovePermission: buses.removePermission,
    RemoveTargets: rules.removeTargets,
    StartReplay: archives.startReplay,
    TagResource: rules.tagResource,
    TestEventPattern: rules.testEventPattern,
    UntagResource: rules.untagResource,
    UpdateApiDestination: connections.updateApiDestination,
    UpdateArchive: archives.updateArchive,
    UpdateConnection: connections.updateConnection,
    UpdateEventBus: buses.updateEventBus,
  },
  limits: {
    CreateEventBus: "events are not encrypted with the key of a bus",
    PutTargets: "queues, topics, functions, log groups, APIs, buses and API destinations; other targets are refused by name",
  },
});
