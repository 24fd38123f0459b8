import type { Socket } from 'node:net';
import { type Cancellable, type Clock, FluxError, type Logger, waitOrAbort } from '../../base/index.ts';
import type { CommandOutcome, CommandRun, ContainerLayers, SandboxLayers } from '../../repository/index.ts';
import { checkCommands } from '../check-commands.ts';
import type { CommandRunner } from '../command-runner.ts';
import { layOut } from '../layout.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../limits.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { Peer } from './peer.ts';

export interface HelperRunnerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: RunLimits;
  /** Why no helper is connected, before anything else is known. */
  readonly absence: string;
  /** What the user looks at. */
  readonly help: string;
  /** What a helper lacks to run commands; undefined if nothing. */
  readonly lacks: (layers: ContainerLayers) => string | undefined;
}

/** How long runs wait for a helper that is away, in milliseconds: it connects again after a lost or cancelled run. */
const CONNECT_MS = 15_000;

interface Connected {
  readonly peer: Peer;
  /** Undefined before its hello. */
  readonly layers: ContainerLayers | undefined;
}

/** Runs commands at the helper that is connected, one run after another. */
export class HelperRunner implements CommandRunner {
  readonly #options: HelperRunnerOptions;
  readonly #limits: RunLimits;
  readonly #inTurn = oneAtATime();
  readonly #closing = new AbortController();
  #connected: Connected | undefined;
  #greeted = Promise.withResolvers<void>();
  /** By the monotonic clock. */
  #awaySince: number;
  /** Why there is no connection, if it was not the helper that closed the last one. */
  #reason: string | undefined;

  constructor(options: HelperRunnerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#awaySince = options.clock.monotonic();
  }

  get isConnected(): boolean {
    return this.#connected !== undefined;
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
  }

  /** Uses a new connection while none is there. Resolves when it has ended, to whether a helper said hello. */
  async serve(socket: Socket): Promise<boolean> {
    const { clock, logger } = this.#options;
    if (this.#closing.signal.aborted) {
      // Without a listener an error would be thrown.
      socket.on('error', () => undefined).destroy();
      return false;
    }
    const ended = Promise.withResolvers<boolean>();
    const peer = new Peer({
      socket,
      clock,
      limits: this.#limits,
      onHello: (layers) => {
        this.#connected = { peer, layers };
        this.#reason = undefined;
        logger.info({ ...layers }, 'the sandbox is connected');
        this.#greeted.resolve();
      },
      onEnd: (why) => {
        const layers = this.#connected?.layers;
        const reason = why ?? (layers ? undefined : 'the sandbox closed it before its hello');
        // Who waits for a hello goes on waiting if there was none.
        if (layers) {
          this.#greeted = Promise.withResolvers();
          this.#awaySince = clock.monotonic();
        }
        this.#connected = undefined;
        this.#reason = reason === undefined ? undefined : `the last connection ended: ${reason}`;
        logger.warn({ reason: reason ?? 'the sandbox closed it' }, 'the connection to the sandbox ended');
        ended.resolve(layers !== undefined);
      },
    });
    this.#connected = { peer, layers: undefined };
    return await ended.promise;
  }

  /** Notes why no connection could be made. */
  failed(reason: string): void {
    if (reason !== this.#reason) this.#options.logger.warn({ reason }, 'the sandbox cannot be reached');
    this.#reason = reason;
  }

  /** @throws FluxError `sandbox/unavailable` */
  async #connectedPeer(signal: AbortSignal): Promise<Peer> {
    const { clock } = this.#options;
    const leftMs = this.#awaySince + CONNECT_MS - clock.monotonic();
    if (!this.#connected?.layers && leftMs > 0) {
      using deadline = clock.deadline(leftMs, signal);
      await waitOrAbort(this.#greeted.promise, deadline.signal).catch(() => signal.throwIfAborted());
    }
    if (!this.#connected?.layers) throw this.#unavailable(this.#absence());
    const { peer, layers } = this.#connected;
    const lacking = this.#options.lacks(layers);
    if (lacking === undefined) return peer;
    throw this.#unavailable(lacking);
  }

  #absence(): string {
    const { absence } = this.#options;
    return this.#reason === undefined ? absence : `${absence}; ${this.#reason}`;
  }

  #unavailable(reason: string): FluxError {
    return new FluxError(`the sandbox for commands is not available: ${reason}`, {
      code: 'sandbox/unavailable',
      help: this.#options.help,
    });
  }
}
