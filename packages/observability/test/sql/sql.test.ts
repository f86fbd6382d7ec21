import { describe, expect, test } from "vitest";
import { parseSelect, SqlError } from "../../src/sql/parse.ts";
import { isLike, SelectRun, type Row } from "../../src/sql/run.ts";

const ROWS: Row[] = [
  { id: 1, name: "GetItem", time: "2026-01-02 03:04:05.000", user: { arn: "arn:a", type: "Root" }, tags: { tableName: "t1" }, ok: true, code: null },
  { id: 2, name: "PutItem", time: "2026-01-02 04:04:05.000", user: { arn: "arn:b", type: "IAMUser" }, tags: { tableName: "t1" }, ok: false, code: "Throttled" },
  { id: 3, name: "PutItem", time: "2026-01-03 03:04:05.000", user: { arn: "arn:a", type: "Root" }, tags: null, ok: false, code: null },
];
const run = (sql: string): { columns: string[]; rows: unknown[][] } => {
  const select = new SelectRun(parseSelect(sql), ["id", "name", "time", "user", "tags", "ok", "code"], Date.UTC(2026, 0, 4));
  for (const row of ROWS) if (!select.add(row)) break;
  const { columns, rows } = select.result();
  return { columns, rows };
};

describe("SELECT", () => {
  test.each<[string, unknown[][]]>([
    ["SELECT id FROM t WHERE name = 'PutItem'", [[2], [3]]],
    ["SELECT id FROM t WHERE NOT name = 'PutItem' OR id > 2", [[1], [3]]],
    ["select id from t where name like 'Put%' and id <> 3", [[2]]],
    ["SELECT id FROM t WHERE time > '2026-01-02 03:30:00' AND time < timestamp '2026-01-03T00:00:00Z'", [[2]]],
    ["SELECT id FROM t WHERE id IN (1, 3) ORDER BY id DESC", [[3], [1]]],
    ["SELECT id FROM t WHERE id NOT BETWEEN 2 AND 3", [[1]]],
    ["SELECT id FROM t WHERE code IS NOT NULL", [[2]]],
    // What is unknown is not equal to anything, nor unequal.
    ["SELECT id FROM t WHERE code <> 'x'", [[2]]],
    ["SELECT user.arn FROM t WHERE User.Type = 'Root' AND id = 1", [["arn:a"]]],
    ["SELECT element_at(tags, 'tableName') FROM t ORDER BY id", [["t1"], ["t1"], [null]]],
    ["SELECT tags['tableName'] FROM t WHERE id = 1", [["t1"]]],
    ["SELECT name, count(*) AS n FROM t GROUP BY name ORDER BY n DESC", [["PutItem", 2], ["GetItem", 1]]],
    ["SELECT name, count(*) FROM t GROUP BY 1 HAVING count(*) > 1", [["PutItem", 2]]],
    ["SELECT count(DISTINCT user.arn), min(id), max(id), sum(id), avg(id) FROM t", [[2, 1, 3, 6, 2]]],
    ["SELECT count(*) FROM t WHERE id > 99", [[0]]],
    ["SELECT count(code) FROM t", [[1]]],
    ["SELECT DISTINCT name FROM t", [["GetItem"], ["PutItem"]]],
    ["SELECT id FROM t ORDER BY id LIMIT 1", [[1]]],
    ["SELECT id FROM t ORDER BY id OFFSET 1 LIMIT 1", [[2]]],
    ["SELECT CASE WHEN id = 1 THEN 'one' ELSE 'many' END FROM t", [["one"], ["many"], ["many"]]],
    ["SELECT CASE name WHEN 'GetItem' THEN 'read' END FROM t WHERE id < 3", [["read"], [null]]],
    ["SELECT upper(name) || '!' FROM t WHERE id = 1", [["GETITEM!"]]],
    ["SELECT date_trunc('day', time), count(*) FROM t GROUP BY date_trunc('day', time) ORDER BY 1", [["2026-01-02 00:00:00.000", 2], ["2026-01-03 00:00:00.000", 1]]],
    ["SELECT date_diff('minute', '2026-01-02 03:04:05', time) FROM t WHERE id = 2", [[60]]],
    ["SELECT id FROM t WHERE time > date_add('day', -1, date_add('hour', -10, now()))", [[3]]],
    ["SELECT coalesce(code, 'none') FROM t WHERE id <> 2", [["none"], ["none"]]],
    ["SELECT cast(id AS varchar), cast('7' AS integer) + 1 FROM t LIMIT 1", [["1", 8]]],
    ["SELECT id FROM t WHERE regexp_like(name, '^P.t')", [[2], [3]]],
    ["SELECT -id + 2 * 3 FROM t LIMIT 1", [[5]]],
    ["SELECT e.id FROM t e WHERE e.user.arn = 'arn:b'", [[2]]],
    ["SELECT id FROM t WHERE ok = true", [[1]]],
    ["SELECT json_extract_scalar(user, '$.type') FROM t WHERE id = 2;", [["IAMUser"]]],
    ["SELECT id -- which\nFROM t /* all */ WHERE id = 1", [[1]]],
  ])("%s", (sql, expected) => expect(run(sql).rows).toEqual(expected));

  test("names columns", () => {
    expect(run("SELECT * FROM t LIMIT 1").columns).toEqual(["id", "name", "time", "user", "tags", "ok", "code"]);
    expect(run("SELECT id AS key, user.arn, count(*), 1 FROM t GROUP BY id, user.arn").columns).toEqual(["key", "arn", "_col2", "_col3"]);
  });

  test("tables may be ids", () => {
    expect(parseSelect("SELECT 1 FROM 2ebc-4c50-a9 WHERE 1 = 1").from).toBe("2ebc-4c50-a9");
    expect(parseSelect('SELECT 1 FROM "a b"').from).toBe("a b");
  });

  test.each([
    ["SELECT", 1, 7], ["SELECT id FROM", 1, 15], ["SELECT id\nFROM t WHERE", 2, 13], ["SELECT id FROM t GROUP id", 1, 24], ["DELETE FROM t", 1, 1], ["SELECT (id FROM t", 1, 12],
    ["SELECT id FROM t; DROP TABLE t", 1, 19], ["SELECT id FROM a, b", 1, 17], ["SELECT id FROM (SELECT 1)", 1, 16], [`SELECT ${"(".repeat(1000)}1 FROM t`, 1, 108],
  ])("%s is refused where it goes wrong", (sql, line, column) => {
    try {
      parseSelect(sql);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SqlError);
      expect([(error as SqlError).line, (error as SqlError).column]).toEqual([line, column]);
    }
  });

  test.each(["SELECT nope FROM t", "SELECT nope(id) FROM t", "SELECT id FROM t WHERE count(*) > 1", "SELECT id FROM t ORDER BY 9", "SELECT cast(id AS blob) FROM t", "SELECT 1/0 FROM t", "SELECT regexp_like(name, '(') FROM t"])("%s is refused", (sql) => {
    expect(() => run(sql)).toThrow(SqlError);
  });
});

test("LIKE takes no longer for a pattern that is made to be slow", () => {
  expect(isLike("a".repeat(5000), `${"%a".repeat(50)}b`)).toBe(false);
  expect(isLike("abc", "a_c")).toBe(true);
  expect(isLike("abc", "%b%")).toBe(true);
  expect(isLike("", "%")).toBe(true);
});
