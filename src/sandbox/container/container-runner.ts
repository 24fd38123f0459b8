import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Clock, Logger } from '../../base/index.ts';
import type { CommandRunner } from '../command-runner.ts';
import type { RunLimits } from '../limits.ts';
import { HelperRunner } from './helper-runner.ts';
import { missingLayer } from './missing-layer.ts';

export interface ContainerRunnerOptions {
  /** Path of the Unix socket, in a folder that the sandbox container mounts, read-only. What is there already is replaced if it is a socket. */
  readonly socket: string;
  /** Whether Landlock and seccomp must confine commands; otherwise what the helper has is enough. */
  readonly required: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: RunLimits;
}

/** Listens for the helper of the sandbox container, and runs commands there. @throws when the socket cannot be listened on */
export async function createContainerRunner({
  socket: path,
  required,
  ...options
}: ContainerRunnerOptions): Promise<CommandRunner> {
  const { logger } = options;
  const helper = new HelperRunner({
    ...options,
    absence: `no sandbox container is connected to ${path}`,
    help: 'Look at the log of the sandbox container; docs/image.md says what it needs.',
    lacks: (layers) => {
      if (layers.network !== 'none') return 'it gives commands network';
      return required ? missingLayer(layers) : undefined;
    },
  });
  const server = createServer((socket) => {
    if (helper.isConnected) {
      logger.warn('a second connection to the socket of the sandbox was refused');
      // Without a listener an error would be thrown.
      socket.on('error', () => undefined).destroy();
    } else void helper.serve(socket);
  });
  await removeSocket(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.on('error', (err) => logger.error({ err }, 'the socket of the sandbox failed'));
  // The helper is another user. Nothing secret goes over this socket before its hello, and commands cannot open one.
  await chmod(path, 0o666);
  return {
    run: (run, cancellable) => helper.run(run, cancellable),
    layers: () => helper.layers(),
    async close() {
      await helper.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Removes the socket that a killed process left; anything else stays, and listening fails. */
async function removeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await unlink(path);
}
