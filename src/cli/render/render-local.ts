import { resolve } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { type Cancellable, FluxError } from '../../base/index.ts';
import { type LocalTree, openLocalTree } from '../../git/index.ts';
import { createManifests, createRefusingDecrypter, type Manifests, ManifestThread } from '../../manifests/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { ClusterCapabilities, DesiredState } from '../../resource/index.ts';
import { createHelm, createKustomize, MAX_COMMAND_FILE_BYTES } from '../../sandbox/index.ts';
import { interruptible } from '../interruptible.ts';
import type { Session } from '../session.ts';
import { type ChartHostFlags, openLocalCharts } from './local-charts.ts';
import { NO_COMMANDS, openLocalCommands, variablesOf } from './local-commands.ts';
import { openLocalProgram } from './local-program.ts';

/** What to render, and how. */
export interface RenderFlags extends ChartHostFlags {
  readonly revision?: string;
  readonly kustomize?: string;
  readonly allowCommands?: boolean;
  readonly generationEnv?: readonly string[];
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
}

/** What fluxd would read in its place. */
export interface Rendered {
  readonly state: DesiredState;
  readonly leftOut: LocalTree['leftOut'];
  /** A file or link of the repository. */
  readonly fileAt: (path: string) => TreeFile | undefined;
  /** The bytes of a file of the repository. */
  readonly contentOf: (path: string) => Promise<Buffer>;
}

/**
 * Renders paths of a local repository as fluxd does with these as --git-path: by the same code. This file is loaded on demand, since no
 * other command needs what it imports.
 * @throws FluxError `cli/render-timeout`; those of `openLocalTree`
 */
export async function renderLocal<T>(
  session: Session,
  paths: readonly string[],
  flags: RenderFlags,
  use: (rendered: Rendered) => Promise<T>,
): Promise<T> {
  const { clock, rolloutTimeoutMs } = session;
  return interruptible(async (interrupted) => {
    using deadline = clock.deadline(rolloutTimeoutMs, interrupted);
    const { signal } = deadline;
    try {
      return await session.progress.during(renderWithin(session, paths, flags, { signal }, use), () => 'rendering');
    } catch (error) {
      interrupted.throwIfAborted();
      if (signal.aborted) throw timedOut(rolloutTimeoutMs, error);
      throw error;
    }
  });
}

async function renderWithin<T>(
  session: Session,
  paths: readonly string[],
  flags: RenderFlags,
  { signal }: Required<Cancellable>,
  use: (rendered: Rendered) => Promise<T>,
): Promise<T> {
  const { revision, kustomize = 'off', allowCommands = false, generationEnv = [] } = flags;
  const { env, clock, timeoutMs } = session;
  const environment = variablesOf(session, generationEnv);
  const tree = await openLocalTree({
    paths: paths.map((path) => resolve(path)),
    ...(revision === undefined ? {} : { revision }),
    maxFileBytes: MAX_COMMAND_FILE_BYTES,
    environment: env,
    clock,
    signal,
  });
  try {
    await using built = await openLocalProgram('kustomize', createKustomize, session);
    await using helm = await openLocalProgram('helm', createHelm, session);
    await using charts = await openLocalCharts(session, flags);
    const capabilities = capabilitiesOf(flags);
    await using commands = allowCommands ? await openLocalCommands(session) : undefined;
    const manifests = createManifests({
      maxBytes: getHeapStatistics().heap_size_limit / 2,
      clock,
      // As for fluxd, whose --sync-timeout has the same default.
      paths: tree.paths,
      decrypter: createRefusingDecrypter(new ManifestThread({ clock })),
      valueObjects: async () => ({ kind: 'left-out' }),
      generation: { runner: commands?.runner ?? NO_COMMANDS, environment, timeoutMs: timeoutMs / 2 },
      kustomize: { program: built.program, auto: kustomize === 'auto', timeoutMs: timeoutMs / 2, origins: true, verbatim: true },
      helm: {
        program: helm.program,
        archives: charts.archives,
        capabilities: async () => capabilities,
        timeoutMs: timeoutMs / 2,
        verbatim: true,
      },
    });
    return await use(await read(manifests, tree, signal));
  } finally {
    tree.close();
  }
}

/** What charts know of a cluster that is not asked: what the flags say, besides Helm's own defaults. */
function capabilitiesOf({ kubeVersion, apiVersions = [] }: RenderFlags): ClusterCapabilities {
  return { ...(kubeVersion === undefined ? {} : { kubeVersion }), apiVersions: [...new Set(apiVersions)].sort() };
}

async function read(manifests: Manifests, { files, blob, leftOut }: LocalTree, signal: AbortSignal): Promise<Rendered> {
  const state = await manifests.read(files, (id) => blob(id, { signal }), { signal, keep: false });
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    state,
    leftOut,
    fileAt: (path) => byPath.get(path),
    contentOf: (path) => blob(byPath.get(path)?.blob ?? '', { signal }),
  };
}

function timedOut(ms: number, cause: unknown): FluxError {
  return new FluxError(`rendering timed out after ${ms / 1000} s`, {
    code: 'cli/render-timeout',
    help: 'Raise --timeout, or render fewer folders.',
    cause,
  });
}
