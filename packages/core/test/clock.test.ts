import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SystemClock } from "../src/system-clock.ts";
import { TestClock } from "../src/test-clock.ts";

describe("TestClock", () => {
  test("runs timers in order, each at its own time", async () => {
    const clock = new TestClock(1000);
    const seen: [string, number][] = [];
    clock.schedule(30, () => seen.push(["c", clock.now()]));
    clock.schedule(10, () => seen.push(["a", clock.now()]));
    clock.schedule(10, () => seen.push(["b", clock.now()]));
    clock.schedule(31, () => seen.push(["late", clock.now()]));
    await clock.advance(30);
    expect(seen).toEqual([
      ["a", 1010],
      ["b", 1010],
      ["c", 1030],
    ]);
    expect(clock.now()).toBe(1030);
  });

  test("fires timers that timers set, through promises and immediates", async () => {
    const clock = new TestClock(0);
    const seen: number[] = [];
    const work = (async () => {
      for (let index = 0; index < 5; index++) {
        await clock.sleep(10);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(clock.now());
      }
    })();
    await clock.advance(50);
    expect(seen).toEqual([10, 20, 30, 40, 50]);
    await work;
  });

  test("forgets disposed timers and rejects aborted sleeps", async () => {
    const clock = new TestClock(0);
    let ran = false;
    clock.schedule(5, () => (ran = true))[Symbol.dispose]();
    const abort = new AbortController();
    const sleeping = clock.sleep(5, abort.signal);
    abort.abort(new Error("stopped"));
    await expect(sleeping).rejects.toThrow("stopped");
    await expect(clock.sleep(5, abort.signal)).rejects.toThrow("stopped");
    await clock.advance(10);
    expect(ran).toBe(false);
  });

  test("keeps thousands of timers in order", async () => {
    const clock = new TestClock(0);
    const seen: number[] = [];
    const timers = Array.from({ length: 500 }, (_, index) => clock.schedule((index * 7919) % 1000, () => seen.push(clock.now())));
    for (let index = 0; index < 500; index += 3) timers[index]?.[Symbol.dispose]();
    for (let step = 0; step < 10; step++) await clock.advance(100);
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index).filter((index) => index % 3 !== 0).map((index) => (index * 7919) % 1000).sort((a, b) => a - b));
  });
});

describe("SystemClock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is the machine's time", () => {
    expect(new SystemClock().now()).toBe(Date.now());
  });

  test("fires in order, waits longer than a timer of the machine can, and forgets disposed ones", () => {
    const clock = new SystemClock();
    const seen: string[] = [];
    const day = 86_400_000;
    clock.schedule(60 * day, () => seen.push("two months"));
    clock.schedule(1000, () => seen.push("second"));
    clock.schedule(500, () => seen.push("never"))[Symbol.dispose]();
    vi.advanceTimersByTime(999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(["second"]);
    vi.advanceTimersByTime(59 * day);
    expect(seen).toEqual(["second"]);
    vi.advanceTimersByTime(day);
    expect(seen).toEqual(["second", "two months"]);
  });

  test("advances, and fires what is due then", () => {
    const clock = new SystemClock();
    const seen: string[] = [];
    clock.schedule(3_600_000, () => seen.push("hour"));
    clock.schedule(7_200_000, () => seen.push("two hours"));
    clock.advance(3_600_000);
    expect(clock.state().offsetMs).toBe(3_600_000);
    vi.advanceTimersByTime(0);
    expect(seen).toEqual(["hour"]);
    vi.advanceTimersByTime(3_600_000);
    expect(seen).toEqual(["hour", "two hours"]);
    clock.reset();
    expect(clock.now()).toBe(Date.now());
  });

  test("stops and goes on", () => {
    const clock = new SystemClock();
    const began = clock.now();
    const seen: string[] = [];
    clock.schedule(1000, () => seen.push("second"));
    clock.freeze();
    vi.advanceTimersByTime(5000);
    expect(clock.now()).toBe(began);
    expect(seen).toEqual([]);
    clock.advance(400);
    expect(clock.now()).toBe(began + 400);
    clock.unfreeze();
    vi.advanceTimersByTime(599);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(["second"]);
  });

  test("hurries", () => {
    const clock = new SystemClock();
    const began = clock.now();
    const seen: string[] = [];
    clock.schedule(60_000, () => seen.push("minute"));
    clock.setSpeed(60);
    vi.advanceTimersByTime(999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(["minute"]);
    expect(clock.now()).toBe(began + 60_000);
    expect(() => clock.setSpeed(0)).toThrow(RangeError);
  });

  test("goes on after a timer that throws", () => {
    const clock = new SystemClock();
    const seen: string[] = [];
    clock.schedule(10, () => {
      throw new Error("oops");
    });
    clock.schedule(10, () => seen.push("next"));
    expect(() => vi.advanceTimersByTime(10)).toThrow("oops");
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(["next"]);
  });
});
