import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { type Cancellable, type Clock, FluxError, type Logger, waitOrAbort } from '../../base/index.ts';
import type { CommandOutcome, CommandRun, ContainerLayers, SandboxLayers } from '../../repository/index.ts';
import { checkCommands } from '../check-commands.ts';
import type { CommandRunner } from '../command-runner.ts';
import { layOut } from '../layout.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../limits.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { Peer } from './peer.ts';

export interface ContainerRunnerOptions {
  /** Path of the Unix socket, in a folder that the sandbox container mounts, read-only. What is there already is replaced if it is a socket. */
  readonly socket: string;
  /** Whether Landlock and seccomp must confine commands; otherwise what the helper has is enough. */
  readonly required: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: RunLimits;
}

/** How long a run waits for the helper, which connects again after a lost or cancelled run. */
const CONNECT_MS = 15_000;

const HELP = 'Look at the log of the sandbox container; docs/image.md says what it needs.';

/** Listens for the helper of the sandbox container, and runs commands there. @throws when the socket cannot be listened on */
export async function createContainerRunner(options: ContainerRunnerOptions): Promise<CommandRunner> {
  const runner = new ContainerRunner(options);
  await runner.listen();
  return {
    run: (run, cancellable) => runner.run(run, cancellable),
    layers: () => runner.layers(),
    close: () => runner.close(),
  };
}

interface Connected {
  readonly peer: Peer;
  /** Undefined before its hello. */
  readonly layers: ContainerLayers | undefined;
}

class ContainerRunner {
  readonly #options: ContainerRunnerOptions;
  readonly #limits: RunLimits;
  readonly #server: Server;
  readonly #inTurn = oneAtATime();
  readonly #closing = new AbortController();
  #connected: Connected | undefined;
  #greeted = Promise.withResolvers<void>();
  /** Why the last connection ended, if it was not the helper that closed it. */
  #lastReason: string | undefined;

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    const { socket, logger } = this.#options;
    await removeSocket(socket);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(socket, resolve);
    });
    this.#server.on('error', (err) => logger.error({ err }, 'the socket of the sandbox failed'));
    // The helper is another user. Nothing secret goes over this socket before its hello, and commands cannot open one.
    await chmod(socket, 0o666);
  }

  async run(run: CommandRun, { signal }: Cancellable = {}): Promise<CommandOutcome> {
    const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    const layout = await layOut(run.files.files, either);
    checkCommands(run, layout);
    const commands = Buffer.from(JSON.stringify(run.commands));
    return await this.#inTurn(either, async () => {
      const peer = await this.#connectedPeer(either);
      return await peer.run({ run, layout, commands, signal: either });
    });
  }

  layers(): SandboxLayers {
    const layers = this.#connected?.layers;
    return layers ? { kind: 'container', ...layers } : { kind: 'none', reason: this.#absence() };
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the runner of commands was closed'));
    this.#connected?.peer.end('fluxd stops');
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const { clock, logger } = this.#options;
    if (this.#connected) {
      logger.warn('a second connection to the socket of the sandbox was refused');
      // Without a listener an error would be thrown.
      socket.on('error', () => undefined).destroy();
      return;
    }
    const peer = new Peer({
      socket,
      clock,
      limits: this.#limits,
      onHello: (layers) => {
        this.#connected = { peer, layers };
        this.#lastReason = undefined;
        logger.info({ ...layers }, 'the sandbox is connected');
        this.#greeted.resolve();
      },
      onEnd: (reason) => {
        // Who waits for a hello goes on waiting if there was none.
        if (this.#connected?.layers) this.#greeted = Promise.withResolvers();
        this.#connected = undefined;
        this.#lastReason = reason;
        logger.warn({ reason: reason ?? 'the sandbox closed it' }, 'the connection to the sandbox ended');
      },
    });
    this.#connected = { peer, layers: undefined };
  }

  /** @throws FluxError `sandbox/unavailable` */
  async #connectedPeer(signal: AbortSignal): Promise<Peer> {
    if (!this.#connected?.layers) {
      using deadline = this.#options.clock.deadline(CONNECT_MS, signal);
      await waitOrAbort(this.#greeted.promise, deadline.signal).catch(() => signal.throwIfAborted());
    }
    if (!this.#connected?.layers) throw unavailable(this.#absence());
    const { peer, layers } = this.#connected;
    if (this.#options.required && (layers.landlock === 0 || !layers.seccomp)) {
      const lacking = layers.landlock === 0 ? 'Landlock' : 'seccomp';
      throw unavailable(`it does not confine commands by ${lacking}, which is required`);
    }
    return peer;
  }

  #absence(): string {
    return this.#lastReason === undefined
      ? `no sandbox container is connected to ${this.#options.socket}`
      : `no sandbox container is connected to ${this.#options.socket}; the last connection ended: ${this.#lastReason}`;
  }
}

function unavailable(reason: string): FluxError {
  return new FluxError(`the sandbox for commands is not available: ${reason}`, { code: 'sandbox/unavailable', help: HELP });
}

/** Removes the socket that a killed process left; anything else stays, and listening fails. */
async function removeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await unlink(path);
}
