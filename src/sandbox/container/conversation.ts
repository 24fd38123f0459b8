import type { ChangedFile, CommandOutcome, CommandRun } from '../../repository/index.ts';
import { faultOfName } from '../layout.ts';
import type { RunLimits } from '../limits.ts';
import { type Frame, ProtocolViolation } from './frames.ts';
import type { FromHelper } from './messages.ts';

/** Where a run is. `files`: the helper was asked, or gets the files; `idle`: between two commands, or in search of changes. */
type Stage =
  | { readonly kind: 'files'; readonly asked: boolean }
  | { readonly kind: 'running'; readonly command: number }
  | { readonly kind: 'idle'; readonly ended: number };

/** What fluxd does about a message of the helper. */
export type Step =
  | { readonly kind: 'wait' }
  /** As `wait`, but it does not prolong the time of the command. */
  | { readonly kind: 'output' }
  | { readonly kind: 'send-files' }
  /** A command has so long. */
  | { readonly kind: 'command'; readonly timeoutMs: number }
  | { readonly kind: 'done'; readonly outcome: CommandOutcome }
  | { readonly kind: 'failed'; readonly reason: 'layout' | 'start' | 'changes' };

/** Follows what the helper says about one run, and collects the results. What does not fit is a violation. */
export class Conversation {
  readonly #run: CommandRun;
  readonly #limits: RunLimits;
  readonly #outputs: Buffer[][] = [];
  readonly #changed = new Map<string, ChangedFile>();
  #stage: Stage = { kind: 'files', asked: false };
  #outputBytes = 0;
  #changedBytes = 0;

  constructor(run: CommandRun, limits: RunLimits) {
    this.#run = run;
    this.#limits = limits;
  }

  /** @throws ProtocolViolation */
  receive({ message, payload }: Frame<FromHelper>): Step {
    switch (message.type) {
      case 'hello':
        throw new ProtocolViolation('hello was sent twice');
      case 'need':
        if (this.#stage.kind !== 'files' || this.#stage.asked || message.tree !== this.#run.files.id) throw unexpected('need');
        this.#stage = { kind: 'files', asked: true };
        return { kind: 'send-files' };
      case 'started':
        return this.#started(message.command);
      case 'output':
        return this.#output(message.command, payload);
      case 'ended':
        this.#expectRunning(message.command, 'ended');
        this.#stage = { kind: 'idle', ended: message.command + 1 };
        return { kind: 'wait' };
      case 'written':
        return this.#change({ path: message.path, kind: 'written', content: payload, executable: message.executable });
      case 'deleted':
        return this.#change({ path: message.path, kind: 'deleted' });
      case 'done':
        this.#expectAllEnded('done');
        return { kind: 'done', outcome: this.#succeeded() };
      case 'command-failed': {
        const { command, failure, stderr } = message;
        if (this.#stage.kind !== 'idle' || this.#stage.ended !== command + 1) throw unexpected('command-failed');
        return { kind: 'done', outcome: { kind: 'failed', command, failure, stderr } };
      }
      case 'failed':
        return { kind: 'failed', reason: message.reason };
    }
  }

  #started(command: number): Step {
    const next = this.#stage.kind === 'idle' ? this.#stage.ended : 0;
    const timeoutMs = this.#run.commands[command]?.timeoutMs;
    if (this.#stage.kind === 'running' || command !== next || timeoutMs === undefined) throw unexpected('started');
    this.#stage = { kind: 'running', command };
    this.#outputs.push([]);
    return { kind: 'command', timeoutMs };
  }

  #output(command: number, payload: Buffer): Step {
    this.#expectRunning(command, 'output');
    this.#outputBytes += payload.length;
    if (this.#outputBytes > this.#limits.outputBytes) throw new ProtocolViolation('more output than was asked for');
    this.#outputs[command]?.push(payload);
    return { kind: 'output' };
  }

  #change(file: ChangedFile): Step {
    this.#expectAllEnded(file.kind);
    if (!this.#run.writable) throw unexpected(file.kind);
    if (faultOfName(file.path) !== undefined || /\p{Cc}/u.test(file.path))
      throw new ProtocolViolation('a change of no valid path');
    if (this.#changed.has(file.path)) throw new ProtocolViolation('a change was sent twice');
    this.#changed.set(file.path, file);
    if (file.kind === 'written') this.#changedBytes += file.content.length;
    if (this.#changed.size > this.#limits.changedFiles || this.#changedBytes > this.#limits.changedBytes) {
      throw new ProtocolViolation('more changes than were asked for');
    }
    return { kind: 'wait' };
  }

  #succeeded(): CommandOutcome {
    const changed = [...this.#changed.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { kind: 'succeeded', outputs: this.#outputs.map((pieces) => Buffer.concat(pieces)), changed };
  }

  #expectRunning(command: number, type: string): void {
    if (this.#stage.kind !== 'running' || this.#stage.command !== command) throw unexpected(type);
  }

  #expectAllEnded(type: string): void {
    const ended = this.#stage.kind === 'idle' ? this.#stage.ended : this.#stage.kind === 'files' ? 0 : -1;
    if (ended !== this.#run.commands.length) throw unexpected(type);
  }
}

function unexpected(type: string): ProtocolViolation {
  return new ProtocolViolation(`${type} was not expected`);
}
