import { FluxError } from '../base/index.ts';
import { isRevision } from '../repository/index.ts';
import { hasControlCharacter } from './control-character.ts';

/** Whether a text is a full object id, which has the form of a commit's. */
export const isObjectId: (text: string) => boolean = isRevision;

/** Whether `refs/<kind>/<name>` is a valid ref name by git-check-ref-format(1), and cannot be parsed as an option. */
export function isRefName(name: string): boolean {
  return (
    name !== '' &&
    name.length <= 200 &&
    name !== '@' &&
    !name.startsWith('-') &&
    !hasControlCharacter(name) &&
    !/[ ~^:?*[\\]/.test(name) &&
    !name.includes('..') &&
    !name.includes('@{') &&
    name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.') && !part.endsWith('.lock'))
  );
}

/** `flux`, `notes/flux` and `refs/notes/flux` are the same ref, as for `git notes --ref`. */
export function notesRefOf(name: string): string {
  return `refs/notes/${name.replace(/^(refs\/)?notes\//, '')}`;
}

/** Validates the ref name of a flag. @throws FluxError with the flag */
export function checkRef(flag: string, name: string): void {
  if (!isRefName(name)) throw badOption(flag, name, 'it is not a valid Git reference name');
}

/**
 * A path inside the repository, without leading `./` and trailing `/`; empty for its root (S-008).
 * @throws FluxError `git/bad-option`
 */
export function repositoryPath(path: string): string {
  const flag = '--git-path';
  if (path.startsWith('/')) throw badOption(flag, path, 'it must be relative to the repository root');
  if (path.startsWith('-')) throw badOption(flag, path, 'it starts with "-"');
  if (hasControlCharacter(path) || path.includes('\\'))
    throw badOption(flag, path, 'it contains a control character or backslash');
  const parts = path
    .normalize('NFKC')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || /%2e|%2f/i.test(part))) throw badOption(flag, path, 'it leads out of the repository');
  if (parts.some((part) => part.toLowerCase() === '.git')) throw badOption(flag, path, '.git is never read');
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** A name or e-mail address that becomes part of a commit header. */
export function checkIdentity(flag: string, value: string): void {
  if (value.trim() === '' || hasControlCharacter(value) || /[<>]/.test(value) || value.startsWith('-') || value.length > 200)
    throw badOption(flag, value, 'it must be one line of text without < and >, and must not start with "-"');
}

/** A file name that becomes part of the ssh command. */
export function checkFile(field: string, file: string | undefined): void {
  if (file !== undefined && (!file.startsWith('/') || file.includes('"') || hasControlCharacter(file)))
    throw badOption(field, file, 'it must be an absolute path without quotes or control characters');
}

export function badOption(flag: string, value: string, why: string): FluxError {
  return new FluxError(`invalid ${flag} ${JSON.stringify(value.slice(0, 200))}: ${why}`, {
    code: 'git/bad-option',
    fault: 'user',
    help: `Correct ${flag} and restart fluxd.`,
  });
}
