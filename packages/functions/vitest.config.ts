import { defineConfig } from "vitest/config";

export default defineConfig({
  // Functions are real processes: on a busy machine a start takes its time.
  test: { testTimeout: 60_000, hookTimeout: 120_000 },
});
