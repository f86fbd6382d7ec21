import { describe, expect, it } from "vitest";
import { addNumbers, canonicalNumber, compareNumbers, encodeNumber, numberSize, subtractNumbers } from "../../src/domain/numbers.ts";

describe("canonicalNumber", () => {
  it.each([
    ["0", "0"], ["-0", "0"], ["0e500", "0"], ["000123", "123"], ["+5", "5"], [".5", "0.5"], ["5.", "5"], ["1.50", "1.5"], ["1e5", "100000"], ["1E+2", "100"],
    ["-1.5e-3", "-0.0015"], ["1e-130", `0.${"0".repeat(129)}1`], ["9.9e125", `99${"0".repeat(124)}`], ["12.30e1", "123"],
    ["1".repeat(38), "1".repeat(38)], [`1${"0".repeat(125)}`, `1${"0".repeat(125)}`],
  ])("writes %s as %s", (given, canonical) => {
    expect(canonicalNumber(given)).toBe(canonical);
  });

  it.each([
    ["", "The parameter cannot be converted to a numeric value"],
    ["abc", "The parameter cannot be converted to a numeric value: abc"],
    [" 5", "The parameter cannot be converted to a numeric value:  5"],
    ["1e", "The parameter cannot be converted to a numeric value: 1e"],
    [".", "The parameter cannot be converted to a numeric value: ."],
    ["0x10", "The parameter cannot be converted to a numeric value: 0x10"],
    ["NaN", "The parameter cannot be converted to a numeric value: NaN"],
    ["1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"],
    ["-1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"],
    ["1e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"],
    ["1".repeat(39), "Attempting to store more than 38 significant digits in a Number"],
  ])("refuses %j", (given, message) => {
    expect(() => canonicalNumber(given)).toThrow(message);
  });
});

describe("arithmetic", () => {
  it.each([
    ["1", "2", "3"], ["0.1", "0.2", "0.3"], ["-1", "1", "0"], ["99999999999999999999999999999999999998", "1", "99999999999999999999999999999999999999"],
    ["999999999999999", "1", "1000000000000000"], ["1.5", "-0.5", "1"], ["123456789012345678901234567890", "0.00000001", "123456789012345678901234567890.00000001"],
  ])("%s + %s = %s", (a, b, sum) => {
    expect(addNumbers(a, b)).toBe(sum);
    expect(subtractNumbers(sum, b)).toBe(a);
  });

  it("refuses sums that do not fit", () => {
    expect(() => addNumbers(canonicalNumber("1e100"), "1")).toThrow("Attempting to store more than 38 significant digits in a Number");
    expect(() => addNumbers(canonicalNumber("9.9e125"), canonicalNumber("9.9e125"))).toThrow("Number overflow");
  });
});

describe("order", () => {
  const ascending = ["-9.9e125", "-100", "-99.5", "-99", "-1.5", "-1.005", "-1", "-0.5", "-1e-130", "0", "1e-130", "0.0001", "0.5", "1", "1.005", "1.5", "2", "10", "99", "100", "1e38", "9.9e125"]
    .map(canonicalNumber);

  it("is kept by the encoding, and no encoding starts another", () => {
    for (let i = 0; i < ascending.length; i++) {
      for (let j = 0; j < ascending.length; j++) {
        const a = encodeNumber(ascending[i]!);
        const b = encodeNumber(ascending[j]!);
        expect(Math.sign(Buffer.compare(a, b)), `${ascending[i]} and ${ascending[j]}`).toBe(Math.sign(i - j));
        expect(Math.sign(compareNumbers(ascending[i]!, ascending[j]!))).toBe(Math.sign(i - j));
        if (i !== j) expect(b.subarray(0, a.length).equals(a)).toBe(false);
      }
    }
  });
});

describe("numberSize", () => {
  it.each([["0", 1], ["1", 2], ["10", 2], ["100", 2], ["12", 2], ["123", 3], ["-1", 3], ["0.0000001", 2], ["1.5", 3], ["1000.5", 4], ["1e125", 2]])("%s takes %i bytes", (number, bytes) => {
    expect(numberSize(canonicalNumber(number))).toBe(bytes);
  });
});
