import { FluxError } from '../../base/index.ts';
import { type Config, moreConfig } from '../environment.ts';
import { createGitProcess, type GitOptions } from '../git-process.ts';
import { isObjectId } from '../names.ts';

export type CommandRunner = ReturnType<typeof createCommandRunner>;

/** Runs the commands of one repository: what all of them have in common. */
export function createCommandRunner(options: GitOptions) {
  const { environment, lacksBlobs = () => false } = options;
  const process = createGitProcess(options);

  /** The one object id that a command prints. */
  async function id(args: readonly string[], options: Parameters<typeof process.must>[1]): Promise<string> {
    const text = (await process.must(args, options)).toString('utf8').trim();
    if (!isObjectId(text)) throw new FluxError(`git ${args[0]}: returned no object id`, { code: 'git/command-failed' });
    return text;
  }

  /** Configuration for a repository that lacks blobs, which the remote has promised (gitformat-pack(5)). */
  function promisedBy(url: string): Config {
    return [
      [`remote.${url}.promisor`, 'true'],
      [`remote.${url}.partialclonefilter`, 'blob:none'],
    ];
  }

  /** The same for commands that must not contact the remote. */
  function promised(): Readonly<Record<string, string>> {
    return lacksBlobs() ? { ...moreConfig(environment, promisedBy('remote')), GIT_ALLOW_PROTOCOL: 'none' } : {};
  }

  return { ...process, id, promisedBy, promised, lacksBlobs };
}

/** @throws FluxError `git/bad-revision` */
export function objectId(name: string): string {
  if (isObjectId(name)) return name;
  throw new FluxError(`"${name.slice(0, 80)}" is not an object id`, { code: 'git/bad-revision', fault: 'user' });
}
