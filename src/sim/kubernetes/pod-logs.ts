/** A container of a pod. */
export interface ContainerPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** One line, without its end. */
export interface LogLine {
  /** Nanoseconds since the epoch. */
  readonly at: bigint;
  readonly bytes: Buffer;
}

/** What containers have written; no program runs, so tests write. */
export interface PodLogs {
  /** Adds whole lines at the time of now. */
  write(place: ContainerPlace, text: string | Buffer): void;
  /** The container ended, and another one began: its log is the previous one, and who follows it comes to its end. */
  restart(place: ContainerPlace): void;
}

interface Log {
  current: LogLine[];
  previous?: readonly LogLine[];
  readonly followers: Set<LogFollower>;
}

export interface LogFollower {
  readonly onLine: (line: LogLine) => void;
  readonly onEnd: () => void;
}

const LINE_END = 10;
const NS_IN_MS = 1_000_000n;

export class PodLogStore implements PodLogs {
  readonly #now: () => number;
  readonly #logs = new Map<string, Log>();
  #last = 0n;

  constructor(now: () => number) {
    this.#now = now;
  }

  write(place: ContainerPlace, text: string | Buffer): void {
    const log = this.#logOf(place);
    for (const bytes of linesOf(Buffer.from(text))) {
      const line = { at: this.#nextTime(), bytes };
      log.current.push(line);
      for (const { onLine } of log.followers) onLine(line);
    }
  }

  restart(place: ContainerPlace): void {
    const log = this.#logOf(place);
    log.previous = log.current;
    log.current = [];
    for (const { onEnd } of [...log.followers]) onEnd();
  }

  current(place: ContainerPlace): readonly LogLine[] {
    return this.#logOf(place).current;
  }

  previous(place: ContainerPlace): readonly LogLine[] | undefined {
    return this.#logOf(place).previous;
  }

  /** Returns the function that stops it. */
  follow(place: ContainerPlace, follower: LogFollower): () => void {
    const { followers } = this.#logOf(place);
    followers.add(follower);
    return () => followers.delete(follower);
  }

  #logOf({ namespace, pod, container }: ContainerPlace): Log {
    const key = `${namespace}/${pod}/${container}`;
    const log = this.#logs.get(key) ?? { current: [], followers: new Set() };
    this.#logs.set(key, log);
    return log;
  }

  /** No two lines have the same. */
  #nextTime(): bigint {
    const now = BigInt(Math.trunc(this.#now())) * NS_IN_MS;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}

function linesOf(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return start < bytes.length ? [...lines, bytes.subarray(start)] : lines;
}
