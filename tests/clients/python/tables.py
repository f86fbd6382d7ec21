"""DynamoDB through boto3, resource and client: fails with a traceback at the first thing that is not as on AWS."""
import time
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

session = boto3.session.Session()
resource = session.resource("dynamodb")
client = session.client("dynamodb")


def refused(code, message, call, **arguments):
    """Checks that a call fails, with a code and the beginning of a message; gives the error's response."""
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        assert got["Code"] == code and got["Message"].startswith(message), got
        return error.response
    raise AssertionError(f"{code} expected")


# Tables: waiters, description, update, indexes.
table = resource.create_table(
    TableName="library", BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in [("author", "S"), ("year", "N"), ("genre", "S")]],
    KeySchema=[{"AttributeName": "author", "KeyType": "HASH"}, {"AttributeName": "year", "KeyType": "RANGE"}],
    LocalSecondaryIndexes=[{"IndexName": "by-genre", "KeySchema": [{"AttributeName": "author", "KeyType": "HASH"}, {"AttributeName": "genre", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}],
    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, Tags=[{"Key": "team", "Value": "books"}])
table.wait_until_exists()
table.reload()
assert table.table_status == "ACTIVE" and table.item_count == 0 and table.key_schema[1]["KeyType"] == "RANGE"
assert client.list_tags_of_resource(ResourceArn=table.table_arn)["Tags"] == [{"Key": "team", "Value": "books"}]
table = table.update(BillingMode="PAY_PER_REQUEST")
table.wait_until_exists()
client.update_table(
    TableName="library", AttributeDefinitions=[{"AttributeName": "genre", "AttributeType": "S"}],
    GlobalSecondaryIndexUpdates=[{"Create": {"IndexName": "genres", "KeySchema": [{"AttributeName": "genre", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}])
while any(index["IndexStatus"] != "ACTIVE" for index in client.describe_table(TableName="library")["Table"]["GlobalSecondaryIndexes"]):
    time.sleep(0.05)

# Types: decimals with 38 digits, sets, binaries, nesting, and numbers that do not fit.
item = {
    "author": "Ada", "year": Decimal("1843"), "genre": "notes", "exact": Decimal("12345678901234567890.123456789012345678"), "small": Decimal("1E-128"),
    "large": Decimal("-" + "9" * 38), "strings": {"a", "b"}, "numbers": {Decimal(1), Decimal("2.5")}, "binaries": {Binary(b"\x00"), Binary(b"\xff")},
    "bytes": Binary(b"\x01\x02"), "none": None, "true": True, "list": [1, "two", [Decimal("3.0")], {"four": 4}], "map": {"nested": {"deep": {"er": "x"}}}, "empty": "",
}
table.put_item(Item=item)
stored = table.get_item(Key={"author": "Ada", "year": 1843}, ConsistentRead=True)["Item"]
assert stored == item, stored
assert TypeDeserializer().deserialize({"M": client.get_item(TableName="library", Key={"author": {"S": "Ada"}, "year": {"N": "1843"}})["Item"]}) == item
raw = {"author": {"S": "Raw"}, "year": {"N": "0"}}
refused("ValidationException", "Number overflow. Attempting to store a number with magnitude larger than supported range", client.put_item, TableName="library", Item={**raw, "n": {"N": "1e126"}})
refused("ValidationException", "Attempting to store more than 38 significant digits in a Number", client.put_item, TableName="library", Item={**raw, "n": {"N": "1" * 39}})
refused("ValidationException", "1 validation error detected: One or more parameter values were invalid: Input collection [a, a] contains duplicates.", client.put_item, TableName="library", Item={**raw, "n": {"SS": ["a", "a"]}})

# Conditions, updates, what a failed condition gives back.
table.update_item(
    Key={"author": "Ada", "year": 1843}, UpdateExpression="SET #m.nested.deep.er = :v, seen = if_not_exists(seen, :zero) + :one, #l[1] = :v ADD numbers :n REMOVE #n",
    ConditionExpression=Attr("genre").eq("notes") & Attr("strings").contains("a") & ~Attr("missing").exists(),
    ExpressionAttributeNames={"#m": "map", "#l": "list", "#n": "none"}, ExpressionAttributeValues={":v": "changed", ":zero": 0, ":one": 1, ":n": {7}})
changed = table.get_item(Key={"author": "Ada", "year": 1843})["Item"]
assert changed["map"]["nested"]["deep"]["er"] == "changed" and changed["seen"] == 1 and changed["numbers"] == {Decimal(1), Decimal("2.5"), Decimal(7)} and "none" not in changed
failure = refused(
    "ConditionalCheckFailedException", "The conditional request failed", table.delete_item, Key={"author": "Ada", "year": 1843},
    ConditionExpression=Attr("seen").gt(10), ReturnValuesOnConditionCheckFailure="ALL_OLD")
assert failure["Item"]["seen"] == {"N": "1"}, failure

# Batches, queries, scans, paginators.
with table.batch_writer(overwrite_by_pkeys=["author", "year"]) as batch:
    for n in range(120):
        batch.put_item(Item={"author": f"Author {n % 4}", "year": 1900 + n, "genre": "novel" if n % 2 else "poem", "text": "x" * 500})
assert table.query(KeyConditionExpression=Key("author").eq("Author 1") & Key("year").between(1901, 1909))["Count"] == 3
assert table.query(IndexName="by-genre", KeyConditionExpression=Key("author").eq("Author 1") & Key("genre").begins_with("nov"))["Count"] == 30
assert table.query(IndexName="genres", KeyConditionExpression=Key("genre").eq("poem"), Select="COUNT")["Count"] == 60
assert [i["year"] for i in table.query(KeyConditionExpression=Key("author").eq("Author 2"), ScanIndexForward=False, Limit=2)["Items"]] == [2018, 2014]
pages = list(client.get_paginator("query").paginate(TableName="library", KeyConditionExpression="author = :a", ExpressionAttributeValues={":a": {"S": "Author 3"}}, PaginationConfig={"PageSize": 7}))
assert [page["Count"] for page in pages] == [7, 7, 7, 7, 2], [page["Count"] for page in pages]
assert sum(table.scan(TotalSegments=4, Segment=s, FilterExpression=Attr("year").gte(1900) & Attr("genre").is_in(["poem", "essay"]))["Count"] for s in range(4)) == 60
found = resource.batch_get_item(RequestItems={"library": {"Keys": [{"author": "Author 0", "year": 1900}, {"author": "Author 0", "year": 1}], "ProjectionExpression": "genre"}})
assert found["Responses"]["library"] == [{"genre": "poem"}] and found["UnprocessedKeys"] == {}

# Transactions: reasons in order; a token answers again for the same request only.
writes = [
    {"Put": {"TableName": "library", "Item": {"author": {"S": "T"}, "year": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(author)"}},
    {"Update": {"TableName": "library", "Key": {"author": {"S": "T"}, "year": {"N": "2"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}},
]
client.transact_write_items(TransactItems=writes, ClientRequestToken="once")
client.transact_write_items(TransactItems=writes, ClientRequestToken="once")
cancelled = refused("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]", client.transact_write_items, TransactItems=writes)
assert [reason["Code"] for reason in cancelled["CancellationReasons"]] == ["ConditionalCheckFailed", "None"]
refused("IdempotentParameterMismatchException", "", client.transact_write_items, TransactItems=writes[:1], ClientRequestToken="once")
assert client.transact_get_items(TransactItems=[{"Get": {"TableName": "library", "Key": {"author": {"S": "T"}, "year": {"N": "2"}}}}])["Responses"] == [{"Item": {"author": {"S": "T"}, "year": {"N": "2"}, "n": {"N": "1"}}}]

# PartiQL.
client.execute_statement(Statement="INSERT INTO library VALUE {'author': 'P', 'year': ?, 'genre': 'poem'}", Parameters=[{"N": "3"}])
client.execute_statement(Statement="UPDATE library SET seen = 5 REMOVE genre WHERE author = 'P' AND year = 3")
assert client.execute_statement(Statement="SELECT author, seen FROM library WHERE author = 'P'")["Items"] == [{"author": {"S": "P"}, "seen": {"N": "5"}}]
refused("DuplicateItemException", "Duplicate primary key exists in table", client.execute_statement, Statement="INSERT INTO library VALUE {'author': 'P', 'year': 3}")

# The stream has it all, in order for an item.
streams = session.client("dynamodbstreams")
arn = streams.list_streams(TableName="library")["Streams"][0]["StreamArn"]
shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
records = []
while True:
    page = streams.get_records(ShardIterator=iterator, Limit=50)
    records += page["Records"]
    iterator = page.get("NextShardIterator")
    if not page["Records"]:
        break
ada = [(r["eventName"], r["dynamodb"].get("NewImage", {}).get("seen")) for r in records if r["dynamodb"]["Keys"]["author"]["S"] == "Ada"]
assert ada == [("INSERT", None), ("MODIFY", {"N": "1"})], ada
assert len(records) == 2 + 120 + 2 + 2, len(records)

# Time to live, continuous backups, restore.
client.update_time_to_live(TableName="library", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
assert client.describe_time_to_live(TableName="library")["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
backup = client.create_backup(TableName="library", BackupName="before")["BackupDetails"]["BackupArn"]
table.delete_item(Key={"author": "Ada", "year": 1843})
client.restore_table_from_backup(TargetTableName="again", BackupArn=backup)
client.get_waiter("table_exists").wait(TableName="again")
assert resource.Table("again").get_item(Key={"author": "Ada", "year": 1843})["Item"]["seen"] == 1

table.delete()
table.wait_until_not_exists()
refused("ResourceNotFoundException", "Requested resource not found: Table: library not found", client.describe_table, TableName="library")
print("boto3 is content with tables")
