import { defineConfig } from "vitest/config";

export default defineConfig({
  // Real clients start real processes; a Terraform run alone may take a minute on two busy cores.
  test: { include: ["**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
});
