// What the platform and its tools compose; services see only index.ts.
export { SystemClock, type ClockState } from "./system-clock.ts";
export { TestClock } from "./test-clock.ts";
export { RandomIds } from "./random-ids.ts";
export { SequentialIds } from "./sequential-ids.ts";
export { isRegionName, openStorage, partitionOf, Storage, type OpenStore, type StorageOptions, type StoreKey } from "./storage/storage.ts";
export { StorageError } from "./storage/database.ts";
export type { Directory, NamesSession } from "./storage/names.ts";
export { Dispatcher, type DeadLetter, type DispatcherOptions } from "./events/dispatcher.ts";
