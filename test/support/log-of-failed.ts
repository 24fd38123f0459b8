import { onTestFailed } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** For the report at the end of a run, which has no room for the whole log. */
    log?: readonly string[];
  }
}

/** What explains most failures: how each sync ended, and all that went wrong. */
const TELLING = /level"?[=:]"?(warn|error)|sync done|--- restarted ---|^\s+at |Error: /;
const LINES = 12;

/** Shows the log of a daemon when the running test fails: whole where it happens, in short in the report. */
export function showLogOfFailed(name: string, log: () => string | Promise<string>): void {
  onTestFailed(async ({ task }) => {
    const whole = await log();
    console.log(`--- log of ${name} ---\n${whole}`);
    const telling = whole.split('\n').filter((line) => TELLING.test(line));
    task.meta.log = [...(task.meta.log ?? []), `log of ${name}:`, ...telling.slice(-LINES)];
  });
}
