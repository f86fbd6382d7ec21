import type {
  AttributeDefinition, CreateTableInput, GlobalSecondaryIndex, KeySchemaElement, LocalSecondaryIndex, OnDemandThroughput, Projection, ProvisionedThroughput,
  SSESpecification,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { invalidParameters, validationError } from "./errors.ts";

/** What the control plane checks of tables and indexes before it makes them, in AWS's order. */

const maxThroughput = 1_000_000_000_000;
export const maxGlobalIndexes = 20;
const maxLocalIndexes = 5;
/** Key attributes of a global index: so many in its partition key, as many in its sort key. */
const maxKeyParts = 4;
const maxProjectedAttributes = 100;

/** Checks a definition of a table. */
export function checkTableDefinition(input: CreateTableInput): void {
  const mode = input.BillingMode ?? "PROVISIONED";
  checkBilling(mode, input.ProvisionedThroughput);
  checkOnDemand(mode, input.OnDemandThroughput, "CREATE");
  const { AttributeDefinitions: definitions = [], KeySchema: keySchema = [] } = input;
  if (keySchema.length > 2) {
    const text = keySchema.map(({ AttributeName, KeyType }) => `KeySchemaElement(attributeName=${AttributeName}, keyType=${KeyType})`).join(", ");
    throw validationError(`1 validation error detected: Value '[${text}]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2`);
  }
  const defined = definitions.map(({ AttributeName }) => AttributeName);
  const twice = defined.find((name, i) => defined.indexOf(name) !== i);
  if (twice !== undefined) throw validationError(`Attribute Name is duplicated: ${twice}`);
  const keys = keySchema.map(({ AttributeName }) => AttributeName);
  if (keys.length > defined.length && new Set(keys).size === keys.length) throw validationError("Invalid KeySchema: Some index key attribute have no definition");
  checkDefined(keys, defined);
  checkKeySchema(keySchema, 1);
  const { LocalSecondaryIndexes: locals, GlobalSecondaryIndexes: globals } = input;
  const indexSchemas = [...(locals ?? []), ...(globals ?? [])].map(({ KeySchema }) => KeySchema);
  if (locals === undefined && globals === undefined && keySchema.length !== definitions.length) {
    throw invalidParameters("Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions");
  }
  for (const schema of indexSchemas) checkDefined(schema.map(({ AttributeName }) => AttributeName), defined);
  checkAllUsed(definitions, [keySchema, ...indexSchemas]);
  const names = new Set<string>();
  if (locals !== undefined) checkLocalIndexes(locals, keySchema, defined, names);
  if (globals !== undefined) checkGlobalIndexes(globals, defined, mode, names);
  checkProjectionTotal([...(locals ?? []), ...(globals ?? [])].map(({ Projection }) => Projection));
  const stream = input.StreamSpecification;
  if (stream !== undefined) {
    if (!stream.StreamEnabled && stream.StreamViewType !== undefined) {
      throw invalidParameters("Table is being created with a stream disabled, UpdateViewType should not be specified");
    }
    if (stream.StreamEnabled && stream.StreamViewType === undefined) {
      throw invalidParameters("Table is being created with a stream enabled, UpdateViewType is required");
    }
  }
  if (input.SSESpecification !== undefined) checkEncryption(input.SSESpecification);
  if (input.TableClass !== undefined) checkTableClass(input.TableClass);
}

/** Refuses settings of encryption that contradict one another. */
export function checkEncryption({ Enabled: enabled, SSEType: type, KMSMasterKeyId: key }: SSESpecification): void {
  if (enabled === false && type !== undefined) throw invalidParameters("SSEType can not be specified if Enabled is false");
  if (enabled === false && key !== undefined) throw invalidParameters("KMSMasterKeyId can not be specified if Enabled is false");
  if (type === "AES256") throw invalidParameters("SSEType AES256 is not supported");
  if (key !== undefined && type === undefined) throw invalidParameters("SSEType KMS is required if KMSMasterKeyId is specified");
}

/** Refuses a class that no table has. */
export function checkTableClass(name: string): void {
  if (name !== "STANDARD" && name !== "STANDARD_INFREQUENT_ACCESS") {
    throw validationError("Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS].");
  }
}

function checkBilling(mode: string, throughput: ProvisionedThroughput | undefined): void {
  if (mode === "PAY_PER_REQUEST") {
    if (throughput !== undefined) throw invalidParameters("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    return;
  }
  if (throughput === undefined) throw invalidParameters("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  checkThroughput(throughput);
}

/** Refuses absurd provisioned throughput. */
export function checkThroughput(throughput: ProvisionedThroughput): void {
  if (throughput.ReadCapacityUnits > maxThroughput) throw validationError(`Given value ${throughput.ReadCapacityUnits} for ReadCapacityUnits is out of bounds`);
  if (throughput.WriteCapacityUnits > maxThroughput) throw validationError(`Given value ${throughput.WriteCapacityUnits} for WriteCapacityUnits is out of bounds`);
}

/** On-demand ceilings: only for on-demand tables, at least one; an update may remove one with -1. The two operations word one fault differently. */
export function checkOnDemand(mode: string, throughput: OnDemandThroughput | undefined, operation: "CREATE" | "UPDATE"): void {
  if (throughput === undefined) return;
  const members = (["MaxReadRequestUnits", "MaxWriteRequestUnits"] as const).filter((member) => throughput[member] !== undefined);
  if (mode === "PROVISIONED" && members.length > 0) {
    throw invalidParameters(operation === "CREATE"
      ? `${members[0]} for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.`
      : `${members[0]} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED`);
  }
  for (const member of members) {
    const value = throughput[member]!;
    if (value === 0 || value < -1 || (value === -1 && operation === "CREATE")) {
      throw invalidParameters(`Requested ${member} for OnDemandThroughput for table is outside of valid range`);
    }
  }
}

function checkDefined(keys: readonly string[], defined: readonly string[]): void {
  if (keys.some((key) => !defined.includes(key))) {
    throw invalidParameters(
      "Some index key attributes are not defined in AttributeDefinitions. " +
      `Keys: [${keys.join(", ")}], AttributeDefinitions: [${defined.join(", ")}]`,
    );
  }
}

/** Checks the form of a key schema: partition key parts first, then sort key parts, none twice. */
function checkKeySchema(schema: readonly KeySchemaElement[], maxParts: number): void {
  if (schema[0]?.KeyType !== "HASH") throw validationError("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  const names = schema.map(({ AttributeName }) => AttributeName);
  if (new Set(names).size !== names.length) {
    throw validationError(names.length === 2
      ? "Both the Hash Key and the Range Key element in the KeySchema have the same name"
      : "The KeySchema contains multiple key attributes with the same name");
  }
  const hashes = schema.filter(({ KeyType }) => KeyType === "HASH").length;
  const inOrder = schema.every(({ KeyType }, i) => (i < hashes) === (KeyType === "HASH"));
  if (maxParts === 1 && schema.length > 1 && schema[1]!.KeyType !== "RANGE") throw validationError("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  if (!inOrder) throw invalidParameters("All HASH key attributes must precede RANGE key attributes in the KeySchema");
  if (hashes > maxParts) throw invalidParameters("The KeySchema exceeds the maximum allowed number of HASH key attributes");
  if (schema.length - hashes > maxParts) throw invalidParameters("The KeySchema exceeds the maximum allowed number of RANGE key attributes");
}

function checkProjection(projection: Projection): void {
  const { ProjectionType: type, NonKeyAttributes: others } = projection;
  if (type === undefined) throw invalidParameters("Unknown ProjectionType: null");
  if (others !== undefined && type !== "INCLUDE") throw invalidParameters(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  const twice = others?.find((name, i) => others.indexOf(name) !== i);
  if (twice !== undefined) throw invalidParameters(`Duplicate element in NonKeyAttributes: ${twice}`);
  if (others === undefined && type === "INCLUDE") throw invalidParameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
}

/** All indexes of a table together project so many attributes by name, each counted where it stands. */
export function checkProjectionTotal(projections: readonly Projection[]): void {
  const total = projections.reduce((sum, { NonKeyAttributes }) => sum + (NonKeyAttributes?.length ?? 0), 0);
  if (total > maxProjectedAttributes) throw invalidParameters(`Number of projected attributes exceeds limit of ${maxProjectedAttributes} for a table and its indexes`);
}

function checkLocalIndexes(indexes: readonly LocalSecondaryIndex[], table: readonly KeySchemaElement[], defined: readonly string[], names: Set<string>): void {
  if (indexes.length === 0) throw invalidParameters("List of LocalSecondaryIndexes is empty");
  if (table.length !== 2) throw invalidParameters("Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex");
  for (const { IndexName: name, KeySchema: schema, Projection: projection } of indexes) {
    checkDefined(schema.map(({ AttributeName }) => AttributeName), defined);
    checkKeySchema(schema, 1);
    if (schema.length !== 2) throw invalidParameters(`Index KeySchema does not have a range key for index: ${name}`);
    const [hash] = schema as [KeySchemaElement];
    if (hash.AttributeName !== table[0]!.AttributeName) {
      throw invalidParameters(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${name}. ` +
        `index hash key: ${hash.AttributeName}, table hash key: ${table[0]!.AttributeName}`,
      );
    }
    checkProjection(projection);
    takeName(name, names);
  }
  if (indexes.length > maxLocalIndexes) throw invalidParameters(`Number of LocalSecondaryIndexes exceeds per-table limit of ${maxLocalIndexes}`);
}

function checkGlobalIndexes(indexes: readonly GlobalSecondaryIndex[], defined: readonly string[], mode: string, names: Set<string>): void {
  if (indexes.length === 0) throw invalidParameters("List of GlobalSecondaryIndexes is empty");
  for (const index of indexes) {
    checkGlobalIndex(index, defined, mode);
    takeName(index.IndexName, names);
  }
  if (indexes.length > maxGlobalIndexes) throw invalidParameters(`GlobalSecondaryIndex count exceeds the per-table limit of ${maxGlobalIndexes}`);
}

/** Checks one global index by itself; `defined` are the attributes that the request defines. */
export function checkGlobalIndex(index: GlobalSecondaryIndex, defined: readonly string[], mode: string): void {
  checkDefined(index.KeySchema.map(({ AttributeName }) => AttributeName), defined);
  checkKeySchema(index.KeySchema, maxKeyParts);
  checkProjection(index.Projection);
  if (mode === "PAY_PER_REQUEST") {
    if (index.ProvisionedThroughput !== undefined) {
      throw invalidParameters(`ProvisionedThroughput should not be specified for index: ${index.IndexName} when BillingMode is PAY_PER_REQUEST`);
    }
  } else if (index.ProvisionedThroughput === undefined) {
    throw invalidParameters(`ProvisionedThroughput is not specified for index: ${index.IndexName}`);
  } else checkThroughput(index.ProvisionedThroughput);
  checkOnDemand(mode, index.OnDemandThroughput, "CREATE");
}

function takeName(name: string, names: Set<string>): void {
  if (names.has(name)) throw invalidParameters(`Duplicate index name: ${name}`);
  names.add(name);
}

function checkAllUsed(definitions: readonly AttributeDefinition[], schemas: readonly (readonly KeySchemaElement[])[]): void {
  const used = [...new Set(schemas.flat().map(({ AttributeName }) => AttributeName))];
  const names = definitions.map(({ AttributeName }) => AttributeName);
  if (names.some((name) => !used.includes(name))) {
    throw invalidParameters(`Some AttributeDefinitions are not used. AttributeDefinitions: [${names.join(", ")}], keys used: [${used.join(", ")}]`);
  }
}
