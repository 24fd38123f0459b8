import { createHash } from 'node:crypto';
import { FluxError } from '../../src/base/index.ts';
import type { Source } from '../../src/controller/ports/source.ts';
import { accept } from '../../src/git/accept.ts';
import type { Commit, Revision, SourceState, TreeFile } from '../../src/repository/index.ts';

/** A repository in memory where Git itself is not the subject: commits, the sync tag and the records of syncs. */
export interface Repository {
  readonly source: Source;
  /** Replaces all files; resolves to the revision. */
  commit(files: Readonly<Record<string, string>>, trailers?: Readonly<Record<string, string>>): Revision;
  /** How often the daemon has fetched. */
  readonly fetches: number;
  /** The newest commit. */
  readonly head: Revision | undefined;
  /** Where the sync tag stands. */
  readonly tag: Revision | undefined;
  /** The record of the last sync, parsed. */
  record(): { readonly counts: Readonly<Record<string, number>>; readonly changes: readonly RecordedChange[] } | undefined;
}

interface RecordedChange {
  readonly id?: string;
  readonly outcome: string;
  readonly reason?: string;
}

export function createRepository(files: Readonly<Record<string, string>>): Repository {
  const commits: Commit[] = [];
  const trees = new Map<Revision, readonly TreeFile[]>();
  const blobs = new Map<string, Buffer>();
  const records = new Map<Revision, string>();
  let head: Revision | undefined;
  let tag: Revision | undefined;
  let fetches = 0;

  const commit: Repository['commit'] = (wanted, trailers = {}) => {
    const tree = Object.entries(wanted).map(([path, text]): TreeFile => {
      const content = Buffer.from(text);
      const blob = createHash('sha1').update(content).digest('hex');
      blobs.set(blob, content);
      return { path, mode: '100644', blob, size: content.length };
    });
    const revision = createHash('sha1')
      .update(`${commits.length} ${JSON.stringify(tree)}`)
      .digest('hex');
    trees.set(revision, tree);
    commits.unshift({
      revision,
      subject: 'Change by a person',
      author: { name: 'Ann', email: 'ann@example.org' },
      trailers: Object.entries(trailers).map(([name, value]) => ({ name, value })),
      committedAt: 0,
      ours: false,
    });
    return revision;
  };
  commit(files);

  const missing = (what: string) => new FluxError(`${what} does not exist`, { code: 'git/missing' });
  const source: Source = {
    safeUrl: 'https://git.example.org/shop.git',
    shownUrl: 'https://git.example.org/shop.git',
    follows: () => 'main',
    branch: 'main',
    paths: [],
    access: 'read-write',
    requireWritable: () => undefined,
    markedIn: 'tag flux-sync',
    keepsRecords: true,
    state: (): SourceState => ({ status: head === undefined ? 'new' : 'ready' }),
    async fetch() {
      fetches += 1;
      head = commits[0]?.revision;
      if (head === undefined) throw missing('the branch');
      return accept(head);
    },
    accepted: () => (head === undefined ? undefined : accept(head)),
    unverified: () => undefined,
    acceptedBefore: async (revision) => (trees.has(revision) ? accept(revision) : undefined),
    async files(revision) {
      const tree = trees.get(revision);
      if (!tree) throw missing(revision);
      return tree;
    },
    async filesAside(revision) {
      return source.files(revision);
    },
    async blob(id) {
      const content = blobs.get(id);
      if (!content) throw missing(id);
      return content;
    },
    resolve: async (ref) => commits.find(({ revision }) => revision === ref)?.revision,
    find: async (ref) => commits.find(({ revision }) => revision === ref)?.revision,
    async commits({ from, to, limit }) {
      const start = commits.findIndex(({ revision }) => revision === to);
      const end = from === undefined ? commits.length : commits.findIndex(({ revision }) => revision === from);
      return start < 0 || end < start ? [] : commits.slice(start, end).slice(0, limit);
    },
    lineage: async (earlier, revision) => (earlier === revision ? 'same' : 'continues'),
    blame: async () => [],
    marker: async () => tag,
    markerElsewhere: async () => undefined,
    commit: async () => {
      throw new FluxError('this repository takes no commits', { code: 'git/read-only' });
    },
    arrived: async () => undefined,
    proposals: async () => [],
    propose: async () => {
      throw new FluxError('this repository takes no commits', { code: 'git/read-only' });
    },
    withdraw: async () => undefined,
    noteBlobs: async () => new Map(),
    notes: async () => new Map(),
    syncRecord: async (revision) => records.get(revision),
    syncRecords: async (revisions, limit) =>
      revisions
        .flatMap((revision) => {
          const text = records.get(revision);
          return text === undefined ? [] : [{ revision, text }];
        })
        .slice(0, limit),
    async recordSync({ revision, record }) {
      tag = revision;
      if (record !== undefined) records.set(revision, record);
    },
    async amendRecord(revision, change) {
      const record = change(records.get(revision));
      if (record !== undefined) records.set(revision, record);
    },
    writers: async () => ({ jobNotes: { ref: 'refs/notes/flux', fluxd: 0, fluxV1: 0 } }),
    tidy: async () => undefined,
    close: async () => undefined,
  };
  return {
    source,
    commit,
    get fetches() {
      return fetches;
    },
    get head() {
      return commits[0]?.revision;
    },
    get tag() {
      return tag;
    },
    record() {
      const text = tag === undefined ? undefined : records.get(tag);
      return text === undefined ? undefined : JSON.parse(text);
    },
  };
}
