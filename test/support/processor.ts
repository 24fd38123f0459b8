/** Milliseconds that this process works for it. Unlike time on the wall they hardly grow on a machine that has other work. */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
