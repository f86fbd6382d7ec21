import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** Memory of one process, bytes: all that is resident, and the part that it shares with nobody. */
export interface ProcessMemory {
  resident: number;
  own: number;
}

/** Memory of a process and all its descendants; zeros where the host has no `/proc`. */
export function treeMemory(pid: number): ProcessMemory {
  const total = { resident: 0, own: 0 };
  addMemory(pid, total, 0);
  return total;
}

function addMemory(pid: number, total: ProcessMemory, depth: number): void {
  try {
    const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ", 3);
    total.resident += Number(resident) * PAGE_BYTES;
    total.own += (Number(resident) - Number(shared)) * PAGE_BYTES;
    if (depth > 8) return;
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ")) {
      if (child !== "") addMemory(Number(child), total, depth + 1);
    }
  } catch {
    // Gone between two reads, or a host without /proc.
  }
}

/**
 * What tells a process from a later one with the same id: its start time. Undefined when there is no such process.
 * Used to end what a killed platform has left behind, and nothing else.
 */
export function startToken(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The second field is the command in parentheses, which may hold spaces; the start time is field 22.
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Sends a signal to a whole process group; a group that is gone is fine. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
