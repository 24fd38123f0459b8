/** Milliseconds of CPU that this thread works between two turns of its event loop, at most, while something is done. */
export async function longestTurn<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly cpuMs: number }> {
  let cpuMs = 0;
  let last = threadCpuMs();
  let running = true;
  const tick = () => {
    const now = threadCpuMs();
    cpuMs = Math.max(cpuMs, now - last);
    last = now;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  try {
    const result = await work();
    return { result, cpuMs: Math.max(cpuMs, threadCpuMs() - last) };
  } finally {
    running = false;
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
