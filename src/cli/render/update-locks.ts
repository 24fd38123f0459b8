import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Cancellable, FluxError, messageOf } from '../../base/index.ts';
import { openLocalTree } from '../../git/index.ts';
import { createManifests, lockText, type NamedRemoteChart, nameOfChart } from '../../manifests/index.ts';
import type { LockedChart, Problem } from '../../resource/index.ts';
import { MAX_COMMAND_FILE_BYTES } from '../../sandbox/index.ts';
import { interruptible } from '../interruptible.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { type ChartHostFlags, openLocalCharts } from './local-charts.ts';
import { reportProblems } from './report.ts';

/**
 * Locks the newest version that each `.flux.yaml` below the paths allows of its chart from elsewhere, and says what changed. One that
 * fails keeps its lock. This file is loaded on demand.
 * @returns the exit code
 */
export async function updateLocks(session: Session, paths: readonly string[], flags: ChartHostFlags): Promise<number> {
  return interruptible(async (interrupted) => {
    using deadline = session.clock.deadline(session.rolloutTimeoutMs, interrupted);
    const { signal } = deadline;
    const update = () => updateWithin(session, paths, flags, { signal });
    try {
      return await session.progress.during(update(), () => 'looking for versions of charts');
    } catch (error) {
      interrupted.throwIfAborted();
      if (!signal.aborted) throw error;
      throw new FluxError(`looking for versions of charts timed out after ${session.rolloutTimeoutMs / 1000} s`, {
        code: 'cli/render-timeout',
        help: 'Raise --timeout, or give fewer folders.',
        cause: error,
      });
    }
  });
}

async function updateWithin(
  session: Session,
  paths: readonly string[],
  flags: ChartHostFlags,
  { signal }: Required<Cancellable>,
): Promise<number> {
  const { env, clock, stdout } = session;
  const tree = await openLocalTree({
    paths: paths.map((path) => resolve(path)),
    maxFileBytes: MAX_COMMAND_FILE_BYTES,
    environment: env,
    clock,
    signal,
  });
  try {
    await using local = await openLocalCharts(session, flags);
    const manifests = createManifests({ clock, paths: tree.paths });
    const { charts, errors } = await manifests.remoteCharts(tree.files, (id) => tree.blob(id, { signal }), { signal });
    const problems: Problem[] = [...errors];
    for (const chart of charts) {
      try {
        const locked = await local.archives.resolve(chart.wanted, { signal });
        await writeLock(join(tree.root, chart.lockFile), locked);
        stdout.write(`${printableLine(changeOf(chart, locked))}\n`);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof FluxError)) throw error;
        problems.push({ file: chart.configFile, error });
      }
    }
    if (charts.length === 0 && problems.length === 0) stdout.write('no .flux.yaml names a chart from elsewhere\n');
    reportProblems(session, problems, []);
    return problems.length === 0 ? 0 : 1;
  } finally {
    tree.close();
  }
}

function changeOf({ lockFile, wanted, locked: before }: NamedRemoteChart, { version, digest }: LockedChart): string {
  const chart = `${lockFile}: ${nameOfChart(wanted)}`;
  if (before === undefined || nameOfChart(before) !== nameOfChart(wanted)) return `${chart} ${version} (new)`;
  if (before.version !== version) return `${chart} ${before.version} → ${version}`;
  return `${chart} ${version} ${before.digest === digest ? '(unchanged)' : '(another archive than before)'}`;
}

/** Does not follow a link, which could lead out of the repository. @throws FluxError `cli/bad-path` */
async function writeLock(path: string, locked: LockedChart): Promise<void> {
  // Windows lacks the last one.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0);
  try {
    await using file = await open(path, flags, 0o666);
    await file.writeFile(lockText(locked));
  } catch (cause) {
    throw new FluxError(`cannot write ${path}: ${messageOf(cause)}`, { code: 'cli/bad-path', fault: 'user', cause });
  }
}
