import { describe } from "vitest";
import { runtimeSuite } from "./runtime-suite.ts";

describe("functions in processes", () => runtimeSuite("process"));
