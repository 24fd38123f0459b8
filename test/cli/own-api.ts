import type { Daemon } from '../../src/controller/index.ts';
import { daemonOf, serve } from '../api/daemon-fixture.ts';
import { fluxctl, type Ran } from './daemon.ts';

/** A command line beside our own API of a daemon with these parts; what it came to, and what the daemon was asked. */
export async function run(
  parts: Partial<Daemon>,
  ...line: readonly string[]
): Promise<Ran & Pick<ReturnType<typeof daemonOf>, 'calls'>> {
  const daemon = daemonOf(parts);
  await using api = await serve(daemon);
  return { ...(await fluxctl([...line, '--url', `http://127.0.0.1:${api.port}/api/flux`])), calls: daemon.calls };
}
