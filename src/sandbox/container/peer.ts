import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Clock, type Deadline, FluxError } from '../../base/index.ts';
import type { CommandOutcome, CommandRun, ContainerLayers } from '../../repository/index.ts';

import { isExecutable, type Layout, linksInside } from '../layout.ts';
import { MAX_NEW_ENTRIES, type RunLimits } from '../limits.ts';
import { Conversation, type Step } from './conversation.ts';
import { encodeFrame, type Frame, FrameReader, ProtocolViolation } from './frames.ts';
import { type FromHelper, PROTOCOL, parseFromHelper, type ToHelper } from './messages.ts';

/** The helper answers `hello`, each file, and what comes between commands in this time. */
const ANSWER_MS = 30_000;
/** fluxd waits so much longer for a command than the helper, which kills it at its time. */
const GRACE_MS = 5_000;

export interface PeerOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly limits: RunLimits;
  readonly onHello: (layers: ContainerLayers) => void;
  /** Called once. @param reason Why it ended, if not by the helper itself */
  readonly onEnd: (reason: string | undefined) => void;
}

export interface Request {
  readonly run: CommandRun;
  readonly layout: Layout;
  /** The commands in JSON. */
  readonly commands: Buffer;
  readonly signal: AbortSignal;
}

interface Running {
  readonly conversation: Conversation;
  readonly request: Request;
  readonly outcome: PromiseWithResolvers<CommandOutcome>;
}

/** The helper at the other end of a connection. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #ended = new AbortController();
  #greeted = false;
  #sending = false;
  #running: Running | undefined;
  #deadline: Deadline | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { socket } = options;
    const reader = new FrameReader(parseFromHelper);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.read(chunk)) {
          this.#receive(frame);
          if (this.#ended.signal.aborted) return;
        }
      } catch (error) {
        if (!(error instanceof ProtocolViolation)) throw error;
        this.end(error.message);
      }
    });
    socket.on('error', (error) => this.end(`the connection failed: ${error.message}`));
    socket.on('close', () => this.end(undefined));
    this.#expectWithin(ANSWER_MS);
  }

  /** Runs commands; the signal, once aborted, ends the connection and so what runs. @throws as `CommandRunner.run` */
  async run(request: Request): Promise<CommandOutcome> {
    const { run, signal, commands } = request;
    const outcome = Promise.withResolvers<CommandOutcome>();
    const onAbort = () => {
      outcome.reject(signal.reason);
      this.end('the run was cancelled');
    };
    if (this.#ended.signal.aborted) throw lost('it was closed');
    this.#running = { conversation: new Conversation(run, this.#options.limits), request, outcome };
    signal.addEventListener('abort', onAbort);
    try {
      const { files, directory, writable } = run;
      const limits = { ...this.#options.limits, newEntries: MAX_NEW_ENTRIES };
      this.#write({ type: 'run', tree: files.id, directory, writable, limits }, commands);
      this.#expectWithin(ANSWER_MS);
      return await outcome.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#running = undefined;
      this.#deadline?.[Symbol.dispose]();
    }
  }

  /** Closes the connection; a run in progress is lost. */
  end(reason: string | undefined): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#deadline?.[Symbol.dispose]();
    this.#options.socket.destroy();
    this.#running?.outcome.reject(lost(reason ?? 'the sandbox closed it'));
    this.#options.onEnd(reason);
  }

  #receive(frame: Frame<FromHelper>): void {
    if (!this.#greeted) this.#greet(frame.message);
    else if (this.#sending) throw new ProtocolViolation(`${frame.message.type} was sent before it had all files`);
    else if (this.#running) this.#follow(this.#running, this.#running.conversation.receive(frame));
    else throw new ProtocolViolation(`${frame.message.type} was sent without a run`);
  }

  #greet(message: FromHelper): void {
    if (message.type !== 'hello') throw new ProtocolViolation(`${message.type} was sent before hello`);
    if (message.protocol !== PROTOCOL) {
      throw new ProtocolViolation(`it speaks version ${message.protocol} of the protocol instead of ${PROTOCOL}`);
    }
    // The next connection asks it again.
    if (message.layers.network === 'open') {
      this.end('no NetworkPolicy keeps its commands from the API server and from metadata services');
      return;
    }
    this.#greeted = true;
    this.#deadline?.[Symbol.dispose]();
    this.#options.onHello(message.layers);
  }

  #follow({ outcome, request }: Running, step: Step): void {
    if (step.kind === 'done') {
      this.#running = undefined;
      outcome.resolve(step.outcome);
    } else if (step.kind === 'failed') {
      this.#running = undefined;
      outcome.reject(failed(step.reason));
    } else if (step.kind === 'command') this.#expectWithin(step.timeoutMs + GRACE_MS);
    else {
      if (step.kind !== 'output') this.#expectWithin(ANSWER_MS);
      if (step.kind === 'send-files') {
        this.#sendFiles(request).catch((error: unknown) => {
          outcome.reject(error);
          this.end('the files could not be sent');
        });
      }
    }
  }

  async #sendFiles({ run: { files }, layout, signal }: Request): Promise<void> {
    this.#sending = true;
    const targets = new Map<string, string>();
    for (const link of layout.links) targets.set(link.path, (await files.read(link)).toString());
    const links = await linksInside(targets, signal);
    const count = layout.files.length + links.size + layout.submodules.size;
    await this.#send({ type: 'tree', id: files.id, files: count });
    for (const path of layout.submodules) await this.#send({ type: 'file', path, mode: '160000' }, Buffer.alloc(0));
    for (const file of layout.files) {
      const content = await files.read(file);
      signal.throwIfAborted();
      await this.#send({ type: 'file', path: file.path, mode: isExecutable(file) ? '100755' : '100644' }, content);
    }
    for (const [path, target] of links) await this.#send({ type: 'file', path, mode: '120000' }, Buffer.from(target));
    this.#sending = false;
  }

  /** Writes, and waits as long as the helper does not read. */
  async #send(message: ToHelper, payload?: Buffer): Promise<void> {
    const isTaken = this.#write(message, payload);
    this.#expectWithin(ANSWER_MS);
    if (!isTaken) await once(this.#options.socket, 'drain', { signal: this.#ended.signal });
  }

  #write(message: ToHelper, payload?: Buffer): boolean {
    return this.#options.socket.write(encodeFrame(message, payload));
  }

  #expectWithin(ms: number): void {
    this.#deadline?.[Symbol.dispose]();
    if (this.#ended.signal.aborted) return;
    this.#deadline = this.#options.clock.deadline(ms);
    this.#deadline.signal.addEventListener('abort', () => this.end(`it did not answer within ${ms / 1000} s`));
  }
}

function lost(reason: string): FluxError {
  return new FluxError(`the connection to the sandbox was lost: ${reason}`, {
    code: 'sandbox/lost',
    help: 'Look at the log of the sandbox container, and whether it was restarted.',
  });
}

const FAILED = {
  layout: ['lay out the files', 'Raise the memory of the sandbox container: the files are kept there.'],
  start: ['start a command', 'Look at the log of the sandbox container.'],
  changes: ['read what commands changed', 'Look at the log of the sandbox container.'],
} as const;

function failed(reason: keyof typeof FAILED): FluxError {
  const [what, help] = FAILED[reason];
  return new FluxError(`the sandbox could not ${what}`, { code: 'sandbox/failed', help });
}
