import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { goTool, xargs } from './go-tool.ts';

const folder = goTool('sops', 'github.com/getsops/sops/v3/cmd/sops');

/** The absolute path of the sops of fluxd's image. */
export const sopsProgram = () => join(folder(), 'sops');

/** A text of YAML, encrypted for a public key of age. */
export function encryptYaml(text: string, recipient: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ['encrypt', '--filename-override=a.yaml', '--encrypted-regex=^(data|stringData)$', `--age=${recipient}`];
    const child = execFile(sopsProgram(), args, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin?.end(text);
  });
}

/** Decrypts each file of a checkout; resolves to the seconds that it took. */
export function xargsDecrypt(files: Readonly<Record<string, string>>, identity: string): Promise<number> {
  return xargs(files, Object.keys(files), ['env', `SOPS_AGE_KEY=${identity}`, sopsProgram(), 'decrypt']);
}
