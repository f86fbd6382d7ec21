import { identityAccess } from "./identity.ts";
import { restAccess } from "./rest.ts";
import type { Derive, Need, Rule, Scope, ServiceAccess } from "./rules.ts";

type Input = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const arn = ({ partition, region, account }: Scope, service: string, rest: string): string => `arn:${partition}:${service}:${region}:${account}:${rest}`;
const each = (rule: Rule, ...operations: string[]): Record<string, Rule> => Object.fromEntries(operations.map((operation) => [operation, rule]));

// ---- dynamodb

const table = (scope: Scope, name: string): string => (name.startsWith("arn:") ? name : arn(scope, "dynamodb", `table/${name}`));

/** A query of an index is about the index, not about its table. */
const indexed: Derive = ({ TableName, IndexName, Select, ConsistentRead }, scope, action) => [{
  action,
  resource: `${table(scope, String(TableName))}${typeof IndexName === "string" ? `/index/${IndexName}` : ""}`,
  values: { "dynamodb:select": text(Select), ...(ConsistentRead === undefined ? {} : { "dynamodb:consistentread": String(ConsistentRead) }) },
}];

const tablesOf: Derive = ({ RequestItems }, scope, action) => Object.keys((RequestItems ?? {}) as object).map((name) => ({ action, resource: table(scope, name) }));

const TRANSACTED: Readonly<Record<string, string>> = { Get: "GetItem", Put: "PutItem", Update: "UpdateItem", Delete: "DeleteItem", ConditionCheck: "ConditionCheckItem" };

/** A transaction needs what each of its parts would need alone. */
const transaction: Derive = ({ TransactItems }, scope, action) => ((TransactItems ?? []) as Input[]).flatMap((item) => Object.entries(item).flatMap(([kind, part]): Need[] => (
  kind in TRANSACTED ? [{ action: `dynamodb:${TRANSACTED[kind]}`, resource: table(scope, String((part as Input)["TableName"])), values: { "dynamodb:enclosingoperation": action.slice("dynamodb:".length) } }] : [])));

const PARTIQL_TARGET = /^\s*(?:exists\s*\(\s*)?(?:(update)\s+|(insert)\s+into\s+|(select|delete)\b[\s\S]*?\bfrom\s+)("(?:[^"]|"")+"|[\w.-]+)(?:\s*\.\s*("(?:[^"]|"")+"|[\w.-]+))?/i;

/** What a PartiQL statement does, and to which table or index; its service will say whether it is one. */
function statementNeed(statement: unknown, scope: Scope): Need[] {
  const match = PARTIQL_TARGET.exec(String(statement));
  if (match === null) return [{ action: "dynamodb:PartiQLSelect", resource: "*" }];
  const [, update, insert, other, target = "", index] = match;
  const verb = (update ?? insert ?? other ?? "select").toLowerCase();
  const name = (part: string): string => part.replace(/^"|"$/g, "").replaceAll('""', '"');
  return [{ action: `dynamodb:PartiQL${verb[0]!.toUpperCase()}${verb.slice(1)}`, resource: `${table(scope, name(target))}${index === undefined ? "" : `/index/${name(index)}`}` }];
}

const dynamodb: ServiceAccess = {
  prefix: "dynamodb",
  resources: [
    ["BackupArn", "{BackupArn}"], ["ExportArn", "{ExportArn}"], ["ImportArn", "{ImportArn}"], ["ResourceArn", "{ResourceArn}"], ["TableArn", "{TableArn}"],
    ["TableName", "table/{TableName}"], ["GlobalTableName", "arn:{partition}:dynamodb::{account}:global-table/{GlobalTableName}"],
  ],
  operations: {
    Query: indexed, Scan: indexed,
    BatchGetItem: tablesOf, BatchWriteItem: tablesOf, TransactGetItems: transaction, TransactWriteItems: transaction,
    ExecuteStatement: ({ Statement }, scope) => statementNeed(Statement, scope),
    BatchExecuteStatement: ({ Statements }, scope) => ((Statements ?? []) as Input[]).flatMap(({ Statement }) => statementNeed(Statement, scope)),
    ExecuteTransaction: ({ TransactStatements }, scope) => ((TransactStatements ?? []) as Input[]).flatMap(({ Statement }) => statementNeed(Statement, scope)),
    ListTables: "table/*", ListExports: "table/*", ListImports: "table/*", ListBackups: "*",
    RestoreTableFromBackup: "table/{TargetTableName}", RestoreTableToPointInTime: "table/{TargetTableName}", ImportTable: "table/{TableCreationParameters.TableName}",
  },
  conditions: { "dynamodb:ReturnValues": "ReturnValues", "dynamodb:ReturnConsumedCapacity": "ReturnConsumedCapacity" },
};

const dynamodbstreams: ServiceAccess = {
  prefix: "dynamodb",
  resources: [["StreamArn", "{StreamArn}"]],
  operations: { ListStreams: "table/{TableName}/stream/*", GetRecords: "table/*/stream/*" },
};

// ---- lambda

const functionArn = (scope: Scope, name: string, qualifier?: unknown): string => {
  const partial = /^(\d{12}):(?:function:)?(.+)$/.exec(name);
  const full = name.startsWith("arn:") ? name : partial !== null ? `arn:${scope.partition}:lambda:${scope.region}:${partial[1]}:function:${partial[2]}` : arn(scope, "lambda", `function:${name.replace(/^function:/, "")}`);
  return typeof qualifier === "string" && full.split(":").length === 7 ? `${full}:${qualifier}` : full;
};
const onFunction = (action?: string): Derive => ({ FunctionName, Qualifier }, scope, own) => [{ action: action ?? own, resource: functionArn(scope, String(FunctionName), Qualifier) }];
/** Mappings are resources of their own; their function is in a condition. */
const onMapping = (template: string): Derive => ({ FunctionName, UUID }, scope, action) => [{
  action, resource: template === "*" ? "*" : arn(scope, "lambda", `event-source-mapping:${UUID}`),
  values: FunctionName === undefined ? {} : { "lambda:functionarn": functionArn(scope, String(FunctionName)) },
}];

const lambda: ServiceAccess = {
  prefix: "lambda",
  resources: [["LayerName", "layer:{LayerName}"], ["CodeSigningConfigArn", "{CodeSigningConfigArn}"], ["Resource", "{Resource}"], ["Arn", "{Arn}"], ["DurableExecutionArn", "{DurableExecutionArn}"], ["CapacityProviderName", "capacity-provider:{CapacityProviderName}"]],
  operations: {
    ...each(onFunction(),
      "AddPermission", "CreateAlias", "CreateFunction", "CreateFunctionUrlConfig", "DeleteAlias", "DeleteFunction", "DeleteFunctionCodeSigningConfig", "DeleteFunctionConcurrency", "DeleteFunctionEventInvokeConfig",
      "DeleteFunctionUrlConfig", "DeleteProvisionedConcurrencyConfig", "GetAlias", "GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConcurrency", "GetFunctionConfiguration", "GetFunctionEventInvokeConfig",
      "GetFunctionRecursionConfig", "GetFunctionScalingConfig", "GetFunctionUrlConfig", "GetPolicy", "GetProvisionedConcurrencyConfig", "GetRuntimeManagementConfig", "InvokeAsync", "ListAliases",
      "ListDurableExecutionsByFunction", "ListFunctionEventInvokeConfigs", "ListFunctionUrlConfigs", "ListProvisionedConcurrencyConfigs", "ListVersionsByFunction", "PublishVersion", "PutFunctionCodeSigningConfig",
      "PutFunctionConcurrency", "PutFunctionEventInvokeConfig", "PutFunctionRecursionConfig", "PutFunctionScalingConfig", "PutProvisionedConcurrencyConfig", "PutRuntimeManagementConfig", "RemovePermission",
      "UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig", "UpdateFunctionUrlConfig"),
    Invoke: onFunction("lambda:InvokeFunction"), InvokeWithResponseStream: onFunction("lambda:InvokeFunction"),
    CreateEventSourceMapping: onMapping("*"), ListEventSourceMappings: onMapping("*"), GetEventSourceMapping: onMapping("mapping"), UpdateEventSourceMapping: onMapping("mapping"), DeleteEventSourceMapping: onMapping("mapping"),
    ListLayers: "*", GetLayerVersion: "layer:{LayerName}:{VersionNumber}", GetLayerVersionByArn: ["GetLayerVersion", "{Arn}"], DeleteLayerVersion: "layer:{LayerName}:{VersionNumber}",
    GetLayerVersionPolicy: "layer:{LayerName}:{VersionNumber}", AddLayerVersionPermission: "layer:{LayerName}:{VersionNumber}", RemoveLayerVersionPermission: "layer:{LayerName}:{VersionNumber}",
  },
  passes: { Role: "lambda.amazonaws.com" },
  conditions: { "lambda:Principal": "Principal", "lambda:FunctionUrlAuthType": "FunctionUrlAuthType", "lambda:FunctionUrlAuthtype": "AuthType", "lambda:Layer": "Layers", "lambda:CodeSigningConfigArn": "CodeSigningConfigArn" },
  gated: ["lambda:InvokeFunction"],
};

// ---- messaging

/** `http://host/000000000000/name` */
const queueArn = (scope: Scope, url: unknown): string => {
  const parts = String(url).split("?")[0]!.split("/").filter((part) => part !== "");
  const account = /^\d{12}$/.test(parts.at(-2) ?? "") ? parts.at(-2)! : scope.account;
  return `arn:${scope.partition}:sqs:${scope.region}:${account}:${parts.at(-1) ?? "*"}`;
};
const onQueue = (action?: string): Derive => ({ QueueUrl }, scope, own) => [{ action: action ?? own, resource: queueArn(scope, QueueUrl) }];

const sqs: ServiceAccess = {
  prefix: "sqs",
  resources: [["QueueName", "{QueueName}"], ["SourceArn", "{SourceArn}"]],
  operations: {
    ...each(onQueue(), "AddPermission", "ChangeMessageVisibility", "DeleteMessage", "DeleteQueue", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ListQueueTags", "PurgeQueue", "ReceiveMessage", "RemovePermission", "SendMessage", "SetQueueAttributes", "TagQueue", "UntagQueue"),
    // A batch needs what one of its entries needs.
    SendMessageBatch: onQueue("sqs:SendMessage"), DeleteMessageBatch: onQueue("sqs:DeleteMessage"), ChangeMessageVisibilityBatch: onQueue("sqs:ChangeMessageVisibility"),
    GetQueueUrl: ({ QueueName, QueueOwnerAWSAccountId }, scope, action) => [{ action, resource: `arn:${scope.partition}:sqs:${scope.region}:${text(QueueOwnerAWSAccountId) ?? scope.account}:${QueueName}` }],
    ListQueues: "*", CancelMessageMoveTask: "*",
  },
  gated: ["sqs:SendMessage"],
  writes: (action) => action.toLowerCase(),
};

const sns: ServiceAccess = {
  prefix: "sns",
  resources: [["TopicArn", "{TopicArn}"], ["ResourceArn", "{ResourceArn}"], ["PlatformApplicationArn", "{PlatformApplicationArn}"], ["EndpointArn", "{EndpointArn}"]],
  operations: {
    CreateTopic: "{Name}",
    Publish: ({ TopicArn, TargetArn }, _scope, action) => [{ action, resource: text(TopicArn) ?? text(TargetArn) ?? "*" }],
    PublishBatch: ["Publish", "{TopicArn}"],
    // A subscription's permission is that of its topic.
    ...each(({ SubscriptionArn }, _scope, action) => [{ action, resource: String(SubscriptionArn).split(":").slice(0, 6).join(":") }], "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
  },
  conditions: { "sns:Protocol": "Protocol", "sns:Endpoint": "Endpoint" },
  gated: ["sns:Publish"],
  writes: (action) => action.replace(/^sns:/, "SNS:"),
};

const bus = (scope: Scope, name: unknown): string => (typeof name === "string" && name.startsWith("arn:") ? name : arn(scope, "events", `event-bus/${text(name) ?? "default"}`));
/** Rules of the default bus have no bus in their ARN. */
const onRule = (member: string): Derive => (input, scope, action) => {
  const name = text(input["EventBusName"])?.replace(/^arn:.*:event-bus\//, "");
  return [{ action, resource: arn(scope, "events", `rule/${name === undefined || name === "default" ? "" : `${name}/`}${text(input[member]) ?? "*"}`) }];
};

const events: ServiceAccess = {
  prefix: "events",
  resources: [["ResourceARN", "{ResourceARN}"], ["ArchiveName", "archive/{ArchiveName}"], ["ReplayName", "replay/{ReplayName}"]],
  operations: {
    ...each(onRule("Name"), "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "PutRule"), ...each(onRule("Rule"), "ListTargetsByRule", "PutTargets", "RemoveTargets"),
    ...each("event-bus/{Name}", "CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"), ...each("api-destination/{Name}", "CreateApiDestination", "DeleteApiDestination", "DescribeApiDestination", "UpdateApiDestination"),
    ...each("connection/{Name}", "CreateConnection", "DeleteConnection", "DescribeConnection", "UpdateConnection", "DeauthorizeConnection"), ...each("endpoint/{Name}", "CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "UpdateEndpoint"),
    ...each(({ EventBusName }, scope, action) => [{ action, resource: bus(scope, EventBusName) }], "PutPermission", "RemovePermission"),
    PutEvents: ({ Entries }, scope, action) => ((Entries ?? []) as Input[]).map(({ EventBusName, Source, DetailType }) => ({ action, resource: bus(scope, EventBusName), values: { "events:source": text(Source), "events:detail-type": text(DetailType) } })),
  },
  passes: { RoleArn: "events.amazonaws.com" },
};

const scheduler: ServiceAccess = {
  prefix: "scheduler",
  resources: [["ResourceArn", "{ResourceArn}"]],
  operations: {
    ...each(({ GroupName, Name }, scope, action) => [{ action, resource: arn(scope, "scheduler", `schedule/${text(GroupName) ?? "default"}/${Name}`) }], "CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"),
    ...each("schedule-group/{Name}", "CreateScheduleGroup", "DeleteScheduleGroup", "GetScheduleGroup"),
    ListSchedules: ({ GroupName }, scope, action) => [{ action, resource: arn(scope, "scheduler", `schedule/${text(GroupName) ?? "*"}/*`) }], ListScheduleGroups: "schedule-group/*",
  },
  passes: { "Target.RoleArn": "scheduler.amazonaws.com" },
};

// ---- observability

const logs: ServiceAccess = {
  prefix: "logs",
  resources: [["resourceArn", "{resourceArn}"], ["logGroupIdentifier", "log-group:{logGroupIdentifier}:*"], ["logGroupName", "log-group:{logGroupName}:*"], ["destinationName", "destination:{destinationName}"], ["anomalyDetectorArn", "{anomalyDetectorArn}"], ["resourceIdentifier", "{resourceIdentifier}"]],
  operations: {
    ...each("log-group:{logGroupName}:log-stream:{logStreamName}", "PutLogEvents", "DeleteLogStream"),
    ...each(({ logGroupName, logGroupIdentifier, logStreamName }, scope, action) => {
      const group = text(logGroupName) ?? text(logGroupIdentifier)?.replace(/^arn:.*:log-group:/, "") ?? "*";
      return [{ action, resource: arn(scope, "logs", `log-group:${group}:${typeof logStreamName === "string" ? `log-stream:${logStreamName}` : "*"}`) }];
    }, "GetLogEvents", "FilterLogEvents", "DescribeLogStreams", "GetLogGroupFields"),
    CreateLogGroup: "log-group:{logGroupName}", DeleteLogGroup: "log-group:{logGroupName}:*", DescribeLogGroups: "log-group::log-stream:*",
    StartQuery: ({ logGroupName, logGroupNames, logGroupIdentifiers }, scope, action) => {
      const groups = [text(logGroupName), ...((logGroupNames ?? []) as string[]), ...((logGroupIdentifiers ?? []) as string[])].filter((group) => group !== undefined);
      return groups.map((group) => ({ action, resource: arn(scope, "logs", `log-group:${group.replace(/^arn:.*:log-group:/, "").replace(/:\*$/, "")}:*`) }));
    },
    ...each("*", "DescribeQueries", "StopQuery", "GetQueryResults", "PutResourcePolicy", "DeleteResourcePolicy", "DescribeResourcePolicies", "PutQueryDefinition", "DeleteQueryDefinition", "DescribeQueryDefinitions"),
    TestMetricFilter: "*",
  },
  passes: { roleArn: "logs.amazonaws.com" },
};

const cloudwatch: ServiceAccess = {
  prefix: "cloudwatch",
  resources: [["ResourceARN", "{ResourceARN}"], ["AlarmNames", "alarm:{AlarmNames[]}"], ["AlarmName", "alarm:{AlarmName}"], ["DashboardNames", "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardNames[]}"], ["DashboardName", "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardName}"], ["RuleNames", "insight-rule/{RuleNames[]}"], ["RuleName", "insight-rule/{RuleName}"]],
  operations: { ...each("metric-stream/{Name}", "DeleteMetricStream", "GetMetricStream", "PutMetricStream"), ...each("metric-stream/{Names[]}", "StartMetricStreams", "StopMetricStreams"), DescribeAlarmsForMetric: "*" },
  passes: { RoleArn: "streams.metrics.cloudwatch.amazonaws.com" },
  conditions: { "cloudwatch:namespace": "Namespace", "cloudwatch:AlarmActions": "AlarmActions" },
};

const xray: ServiceAccess = {
  prefix: "xray",
  resources: [["ResourceARN", "{ResourceARN}"], ["GroupARN", "{GroupARN}"], ["GroupName", "group/{GroupName}/*"], ["RuleARN", "{RuleARN}"], ["RuleName", "sampling-rule/{RuleName}"]],
  operations: {
    ...each("*", "GetServiceGraph", "GetTimeSeriesServiceStatistics", "GetInsightSummaries", "PutTelemetryRecords"),
    CreateSamplingRule: "sampling-rule/{SamplingRule.RuleName}", UpdateSamplingRule: "sampling-rule/{SamplingRuleUpdate.RuleName}",
  },
};

const cloudtrail: ServiceAccess = {
  prefix: "cloudtrail",
  resources: [["EventDataStore", "eventdatastore/{EventDataStore}"], ["Channel", "channel/{Channel}"], ["DashboardId", "dashboard/{DashboardId}"], ["TrailName", "trail/{TrailName}"], ["ResourceId", "{ResourceId}"], ["ResourceArn", "{ResourceArn}"]],
  operations: { ...each("trail/{Name}", "CreateTrail", "DeleteTrail", "GetTrail", "GetTrailStatus", "StartLogging", "StopLogging", "UpdateTrail"), CreateEventDataStore: "eventdatastore/*", CreateChannel: "channel/*", ListTags: "{ResourceIdList[]}" },
  passes: { CloudWatchLogsRoleArn: "cloudtrail.amazonaws.com" },
};

// ---- secrets, parameters, keys

/** A name stands for a secret whose ARN ends in six characters that its caller does not know. */
const secret = (id: string): string => (id.startsWith("arn:") ? id : `secret:${id}`);
const onSecret: Derive = ({ SecretId }, scope, action) => {
  const name = secret(String(SecretId));
  return [{ action, resource: name.startsWith("arn:") ? name : arn(scope, "secretsmanager", `${name}-??????`) }];
};

const secretsmanager: ServiceAccess = {
  prefix: "secretsmanager",
  operations: {
    ...each(onSecret, "CancelRotateSecret", "DeleteResourcePolicy", "DeleteSecret", "DescribeSecret", "GetResourcePolicy", "GetSecretValue", "ListSecretVersionIds", "PutResourcePolicy", "PutSecretValue",
      "RemoveRegionsFromReplication", "ReplicateSecretToRegions", "RestoreSecret", "RotateSecret", "StopReplicationToReplica", "TagResource", "UntagResource", "UpdateSecret", "UpdateSecretVersionStage"),
    CreateSecret: "secret:{Name}", ValidateResourcePolicy: "*",
    BatchGetSecretValue: (input, scope, action) => [{ action, resource: "*" }, ...((input["SecretIdList"] ?? []) as string[]).flatMap((SecretId) => onSecret({ SecretId }, scope, "secretsmanager:GetSecretValue"))],
  },
  conditions: { "secretsmanager:SecretId": "SecretId", "secretsmanager:Name": "Name", "secretsmanager:VersionStage": "VersionStage", "secretsmanager:VersionId": "VersionId", "secretsmanager:KmsKeyId": "KmsKeyId", "secretsmanager:RotationLambdaARN": "RotationLambdaARN", "secretsmanager:ForceDeleteWithoutRecovery": "ForceDeleteWithoutRecovery" },
};

const parameter = (scope: Scope, name: string): string => (name.startsWith("arn:") ? name.replace(/:\d+$/, "") : arn(scope, "ssm", `parameter/${name.replace(/:[^:/]+$/, "").replace(/^\//, "")}`));
const onParameter: Derive = ({ Name }, scope, action) => [{ action, resource: parameter(scope, String(Name)) }];
const onParameters: Derive = ({ Names }, scope, action) => ((Names ?? []) as string[]).map((name) => ({ action, resource: parameter(scope, name) }));
const onTagged: Derive = ({ ResourceType, ResourceId }, scope, action) => [{ action, resource: ResourceType === "Parameter" ? parameter(scope, String(ResourceId)) : arn(scope, "ssm", `${String(ResourceType).toLowerCase()}/${ResourceId}`) }];

const ssm: ServiceAccess = {
  prefix: "ssm",
  resources: [["ResourceArn", "{ResourceArn}"], ["OpsMetadataArn", "{OpsMetadataArn}"], ["WindowId", "maintenancewindow/{WindowId}"], ["BaselineId", "patchbaseline/{BaselineId}"], ["OpsItemId", "opsitem/{OpsItemId}"], ["SettingId", "servicesetting/{SettingId}"], ["AutomationExecutionId", "automation-execution/{AutomationExecutionId}"], ["SessionId", "session/{SessionId}"], ["DocumentName", "document/{DocumentName}"], ["AssociationId", "association/{AssociationId}"], ["SyncName", "resource-data-sync/{SyncName}"]],
  operations: {
    ...each(onParameter, "DeleteParameter", "GetParameter", "GetParameterHistory", "LabelParameterVersion", "PutParameter", "UnlabelParameterVersion"),
    ...each(onParameters, "DeleteParameters", "GetParameters"),
    GetParametersByPath: ({ Path }, scope, action) => [{ action, resource: parameter(scope, String(Path).replace(/(.)\/$/, "$1")) }],
    ...each(onTagged, "AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource"),
    ...each("document/{Name}", "CreateDocument", "DeleteDocument", "DescribeDocument", "DescribeDocumentPermission", "GetDocument", "ListDocumentVersions", "ModifyDocumentPermission", "UpdateDocument", "UpdateDocumentDefaultVersion", "UpdateDocumentMetadata"),
    DescribeParameters: "*",
  },
  conditions: { "ssm:Overwrite": "Overwrite", "ssm:Recursive": "Recursive", "ssm:Policies": "Policies" },
};

const key = (id: string): string => (id.startsWith("arn:") ? "" : id.startsWith("alias/") ? id : `key/${id}`);
const keyArn = (scope: Scope, id: unknown): string => (typeof id !== "string" ? arn(scope, "kms", "key/*") : id.startsWith("arn:") ? id : arn(scope, "kms", key(id)));
const onKey: Derive = ({ KeyId }, scope, action) => [{ action, resource: keyArn(scope, KeyId) }];

const kms: ServiceAccess = {
  prefix: "kms",
  operations: {
    ...each(onKey, "CancelKeyDeletion", "CreateGrant", "Decrypt", "DeleteImportedKeyMaterial", "DeriveSharedSecret", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "Encrypt", "GenerateDataKey",
      "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac", "GetKeyPolicy", "GetKeyRotationStatus", "GetParametersForImport", "GetPublicKey", "ImportKeyMaterial",
      "ListGrants", "ListKeyPolicies", "ListKeyRotations", "ListResourceTags", "PutKeyPolicy", "ReplicateKey", "RevokeGrant", "RotateKeyOnDemand", "ScheduleKeyDeletion", "Sign", "TagResource", "UntagResource",
      "UpdateKeyDescription", "UpdatePrimaryRegion", "Verify", "VerifyMac"),
    ReEncrypt: ({ SourceKeyId, DestinationKeyId }, scope) => [{ action: "kms:ReEncryptFrom", resource: keyArn(scope, SourceKeyId) }, { action: "kms:ReEncryptTo", resource: keyArn(scope, DestinationKeyId) }],
    ...each(({ AliasName, TargetKeyId }, scope, action) => [{ action, resource: keyArn(scope, AliasName) }, ...(TargetKeyId === undefined ? [] : [{ action, resource: keyArn(scope, TargetKeyId) }])], "CreateAlias", "UpdateAlias", "DeleteAlias"),
    RetireGrant: onKey,
  },
  conditions: { "kms:KeySpec": "KeySpec", "kms:KeyUsage": "KeyUsage", "kms:KeyOrigin": "Origin", "kms:EncryptionAlgorithm": "EncryptionAlgorithm", "kms:SigningAlgorithm": "SigningAlgorithm", "kms:MessageType": "MessageType", "kms:GranteePrincipal": "GranteePrincipal", "kms:GrantOperations": "Operations", "kms:ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays", "kms:BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck", "kms:MultiRegion": "MultiRegion" },
  needsPolicy: "key/",
};

// ---- the rest

const cognito: ServiceAccess = {
  prefix: "cognito-idp",
  resources: [["UserPoolId", "userpool/{UserPoolId}"], ["ResourceArn", "{ResourceArn}"]],
  // What apps do for their users needs no AWS credentials at all.
  free: ["AssociateSoftwareToken", "ChangePassword", "CompleteWebAuthnRegistration", "ConfirmDevice", "ConfirmForgotPassword", "ConfirmSignUp", "DeleteUser", "DeleteUserAttributes", "DeleteWebAuthnCredential", "ForgetDevice", "ForgotPassword", "GetDevice", "GetTokensFromRefreshToken", "GetUser", "GetUserAttributeVerificationCode", "GetUserAuthFactors", "GlobalSignOut", "InitiateAuth", "ListDevices", "ListWebAuthnCredentials", "ResendConfirmationCode", "RespondToAuthChallenge", "RevokeToken", "SetUserMFAPreference", "SetUserSettings", "SignUp", "StartWebAuthnRegistration", "UpdateAuthEventFeedback", "UpdateDeviceStatus", "UpdateUserAttributes", "VerifySoftwareToken", "VerifyUserAttribute"],
};

const stack: Derive = ({ StackName }, scope, action) => {
  const name = String(StackName ?? "*");
  return [{ action, resource: name.startsWith("arn:") ? name : arn(scope, "cloudformation", `stack/${name}/*`) }];
};
const cloudformation: ServiceAccess = {
  prefix: "cloudformation",
  resources: [["StackSetName", "stackset/{StackSetName}:*"], ["GeneratedTemplateName", "generatedTemplate/{GeneratedTemplateName}"]],
  operations: each(stack, "CancelUpdateStack", "ContinueUpdateRollback", "CreateChangeSet", "CreateStack", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet", "DescribeChangeSetHooks", "DescribeEvents", "DescribeStackEvents", "DescribeStackResource", "DescribeStackResourceDrifts", "DescribeStackResources", "DescribeStacks", "DetectStackDrift", "DetectStackResourceDrift", "ExecuteChangeSet", "GetStackPolicy", "GetTemplate", "ListChangeSets", "ListStackResources", "RollbackStack", "SetStackPolicy", "SignalResource", "UpdateStack", "UpdateTerminationProtection"),
  passes: { RoleARN: "cloudformation.amazonaws.com" },
  conditions: { "cloudformation:TemplateUrl": "TemplateURL", "cloudformation:ResourceTypes": "ResourceTypes", "cloudformation:RoleArn": "RoleARN", "cloudformation:StackPolicyUrl": "StackPolicyURL", "cloudformation:ChangeSetName": "ChangeSetName" },
};

/** Kinds of CloudFront's things, by what stands in their operation's name. Longest first. */
const CLOUDFRONT_KINDS: readonly (readonly [name: string, kind: string])[] = [
  ["DistributionTenant", "distribution-tenant"], ["StreamingDistribution", "streaming-distribution"], ["ContinuousDeploymentPolicy", "continuous-deployment-policy"], ["CloudFrontOriginAccessIdentity", "origin-access-identity"],
  ["FieldLevelEncryptionProfile", "field-level-encryption-profile"], ["FieldLevelEncryptionConfig", "field-level-encryption-config"], ["FieldLevelEncryption", "field-level-encryption-config"], ["OriginRequestPolicy", "origin-request-policy"],
  ["ResponseHeadersPolicy", "response-headers-policy"], ["OriginAccessControl", "origin-access-control"], ["RealtimeLogConfig", "realtime-log-config"], ["KeyValueStore", "key-value-store"], ["CachePolicy", "cache-policy"],
  ["ConnectionFunction", "connection-function"], ["ConnectionGroup", "connection-group"], ["AnycastIpList", "anycast-ip-list"], ["TrustStore", "trust-store"], ["VpcOrigin", "vpcorigin"], ["PublicKey", "public-key"], ["KeyGroup", "key-group"],
  ["Function", "function"], ["Invalidation", "distribution"], ["MonitoringSubscription", "distribution"], ["Distribution", "distribution"],
];
/** What a CloudFront operation is about, by its name. */
function cloudfrontRule({ name }: { name: string }): Rule {
  if (/^(List)?Tag|^Untag|ListTagsForResource/.test(name)) return "{Resource}";
  if (/ResourcePolicy$/.test(name)) return "{ResourceArn}";
  const kind = name.startsWith("List") && !name.startsWith("ListInvalidations") ? undefined : CLOUDFRONT_KINDS.find(([part]) => name.includes(part))?.[1];
  if (kind === undefined) return "*";
  return (input, scope, action) => {
    const id = ["DistributionId", "Id", "Name", "Identifier", "TargetDistributionId", "PrimaryDistributionId"].map((member) => text(input[member])).find((value) => value !== undefined) ?? "*";
    // Created with tags or without, it is the same permission.
    return [{ action: action.replace(/(:Create(?:Streaming)?Distribution)WithTags$/, "$1"), resource: `arn:${scope.partition}:cloudfront::${scope.account}:${kind}/${id}` }];
  };
}
const cloudfront: ServiceAccess = { prefix: "cloudfront", rule: cloudfrontRule };

/** The Service Authorization Reference of AWS, as far as this cloud goes, by model id. */
export const accessData: Readonly<Record<string, ServiceAccess>> = {
  dynamodb, "streams.dynamodb": dynamodbstreams, lambda, sqs, sns, events, scheduler, logs, cloudwatch, xray, cloudtrail, secretsmanager, ssm, kms, "cognito-idp": cognito, cloudformation, cloudfront,
  "cloudfront-keyvaluestore": { prefix: "cloudfront-keyvaluestore", resources: [["KvsARN", "{KvsARN}"]] },
  resourcegroupstaggingapi: { prefix: "tag" },
  ...identityAccess,
  ...restAccess,
};
