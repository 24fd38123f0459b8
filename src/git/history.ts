import type { Commit } from '../repository/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { JOB_TRAILER } from './message.ts';

/** Default limit of listed commits. */
const DEFAULT_LIMIT = 1000;

const FIELDS = ['%H', '%s', '%an', '%ae', '%ce', '%ct', '%(trailers:only=true,unfold=true)'];

/** Commits of `from..to` that change the paths, newest first. Both must exist. */
export async function listCommits(
  git: Git,
  range: {
    readonly from?: string | undefined;
    readonly to: string;
    readonly limit?: number | undefined;
    readonly paths: readonly string[];
  },
  ourEmail: string,
  options: RunOptions,
): Promise<readonly Commit[]> {
  const limit = Math.max(0, Math.floor(range.limit ?? DEFAULT_LIMIT));
  const format = FIELDS.join('%x00');
  const output = await git.log(
    { to: range.to, limit, paths: range.paths, format, ...(range.from === undefined ? {} : { from: range.from }) },
    options,
  );
  const fields = output.toString('utf8').split('\0');
  const commits: Commit[] = [];
  for (let at = 0; at + FIELDS.length <= fields.length; at += FIELDS.length)
    commits.push(parseCommit(fields.slice(at, at + FIELDS.length), ourEmail));
  return commits;
}

/** The last moment that JavaScript can write as a date: git takes any number. */
const MAX_TIME_MS = 8.64e15;

function parseCommit(fields: readonly string[], ourEmail: string): Commit {
  const [revision = '', subject = '', name = '', email = '', committerEmail = '', committedAt = '', trailerBlock = ''] = fields;
  const trailers = trailerBlock.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [{ name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1).trim() }];
  });
  const ours = committerEmail === ourEmail && trailers.some((trailer) => trailer.name === JOB_TRAILER.toLowerCase());
  return {
    revision,
    subject,
    author: { name, email },
    committedAt: Math.min(Number(committedAt) * 1000, MAX_TIME_MS),
    trailers,
    ours,
  };
}
