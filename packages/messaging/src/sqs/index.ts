import { defineService } from "@cumulet/core";
import { background } from "./background.ts";
import { deleteMessage, deleteMessageBatch } from "./operations/delete.ts";
import { cancelMessageMoveTask, listMessageMoveTasks, startMessageMoveTask } from "./operations/move-tasks.ts";
import { addPermission, removePermission } from "./operations/permissions.ts";
import { createQueue, deleteQueue, getQueueAttributes, getQueueUrl, listDeadLetterSourceQueues, listQueues, purgeQueue, setQueueAttributes } from "./operations/queues.ts";
import { receiveMessage } from "./operations/receive.ts";
import { sendMessage, sendMessageBatch } from "./operations/send.ts";
import { listQueueTags, tagQueue, untagQueue } from "./operations/tags.ts";
import { changeMessageVisibility, changeMessageVisibilityBatch } from "./operations/visibility.ts";
import { resources } from "./resources.ts";
import { store } from "./store.ts";

/** Amazon SQS. */
export const sqs = defineService({
  model: "sqs",
  store,
  resources,
  background,
  operations: {
    AddPermission: addPermission,
    CancelMessageMoveTask: cancelMessageMoveTask,
    ChangeMessageVisibility: changeMessageVisibility,
    ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
    CreateQueue: createQueue,
    DeleteMessage: deleteMessage,
    DeleteMessageBatch: deleteMessageBatch,
    DeleteQueue: deleteQueue,
    GetQueueAttributes: getQueueAttributes,
    GetQueueUrl: getQueueUrl,
    ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
    ListMessageMoveTasks: listMessageMoveTasks,
    ListQueueTags: listQueueTags,
    ListQueues: listQueues,
    PurgeQueue: purgeQueue,
    ReceiveMessage: receiveMessage,
    RemovePermission: removePermission,
    SendMessage: sendMessage,
    SendMessageBatch: sendMessageBatch,
    SetQueueAttributes: setQueueAttributes,
    StartMessageMoveTask: startMessageMoveTask,
    TagQueue: tagQueue,
    UntagQueue: untagQueue,
  },
});
