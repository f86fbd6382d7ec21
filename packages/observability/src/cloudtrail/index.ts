import { defineService } from "@cumulet/core";
import { observeRequests, startBackground } from "./background.ts";
import {
  createEventDataStore, deleteEventDataStore, getEventDataStore, listEventDataStores, restoreEventDataStore, startEventDataStoreIngestion, stopEventDataStoreIngestion,
  updateEventDataStore,
} from "./operations/event-data-stores.ts";
import { lookupEvents } from "./operations/lookup-events.ts";
import { cancelQuery, describeQuery, getQueryResults, listQueries, startQuery } from "./operations/queries.ts";
import { getEventSelectors, getInsightSelectors, putEventSelectors, putInsightSelectors } from "./operations/selectors.ts";
import { addTags, listTags, removeTags } from "./operations/tags.ts";
import { createTrail, deleteTrail, describeTrails, getTrail, getTrailStatus, listTrails, startLogging, stopLogging, updateTrail } from "./operations/trails.ts";
import { store } from "./store/index.ts";

/** CloudTrail: who called what. */
export const cloudtrail = defineService({
  model: "cloudtrail",
  store,
  operations: {
    AddTags: addTags,
    CancelQuery: cancelQuery,
    CreateEventDataStore: createEventDataStore,
    CreateTrail: createTrail,
    DeleteEventDataStore: deleteEventDataStore,
    DeleteTrail: deleteTrail,
    DescribeQuery: describeQuery,
    DescribeTrails: describeTrails,
    GetEventDataStore: getEventDataStore,
    GetEventSelectors: getEventSelectors,
    GetInsightSelectors: getInsightSelectors,
    GetQueryResults: getQueryResults,
    GetTrail: getTrail,
    GetTrailStatus: getTrailStatus,
    ListEventDataStores: listEventDataStores,
    ListQueries: listQueries,
    ListTags: listTags,
    ListTrails: listTrails,
    LookupEvents: lookupEvents,
    PutEventSelectors: putEventSelectors,
    PutInsightSelectors: putInsightSelectors,
    RemoveTags: removeTags,
    RestoreEventDataStore: restoreEventDataStore,
    StartEventDataStoreIngestion: startEventDataStoreIngestion,
    StartLogging: startLogging,
    StartQuery: startQuery,
    StopEventDataStoreIngestion: stopEventDataStoreIngestion,
    StopLogging: stopLogging,
    UpdateEventDataStore: updateEventDataStore,
    UpdateTrail: updateTrail,
  },
  background: startBackground,
  observes: observeRequests,
  limits: {
    PutInsightSelectors: "Stored; no Insights events are made.",
    StartQuery: "One event data store, without joins and subqueries; the answer is ready at once.",
  },
});
