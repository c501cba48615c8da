import { readFileSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Loaded into a process that is measured: tells at its exit, on descriptor 3, what it used in all. */
function tell(): void {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  // Not maxRSS: that begins with what the parent had when it forked.
  const [, kilobytes = 'NaN'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const usage = { cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMaxMb: Number(kilobytes) / 1024 };
  writeSync(3, JSON.stringify(usage));
}

// Threads load it too, and their usage is their process'.
if (isMainThread) process.on('exit', tell);
