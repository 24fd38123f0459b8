import { FluxError } from '../../../src/base/index.ts';
import type { Decrypter } from '../../../src/manifests/index.ts';

/** A value as sops writes it. Whoever knows no better than this test can read it. */
export function enc(value: string): string {
  return `ENC[AES256_GCM,data:${Buffer.from(value).toString('base64')},iv:aXY=,tag:dGFn,type:str]`;
}

/** A document with what sops knows about it. */
export function encrypted(document: string, more = ''): string {
  return `${document}sops:\n    lastmodified: "2030-01-01T00:00:00Z"\n    mac: ${enc('mac')}\n${more}    version: 3.10.2\n`;
}

export interface Imitation extends Decrypter {
  /** Paths, in the order in which they were decrypted. */
  readonly decrypted: string[];
  /** Whether nothing can be decrypted. */
  isWithoutKey: boolean;
}

/** Decrypts what `enc` and `encrypted` write. As sops does, it writes values in another layout: lines move. */
export function imitatedDecrypter(): Imitation {
  const imitation: Imitation = {
    decrypted: [],
    isWithoutKey: false,
    mayBeEncrypted: (content) => content.includes('ENC[AES256_GCM,'),
    async decrypt({ path, content }) {
      imitation.decrypted.push(path);
      if (imitation.isWithoutKey) throw noKey(path);
      const text = content.toString('utf8');
      if (!/^sops:|^sops_mac=|"sops":/m.test(text)) return undefined;
      const isData = path.endsWith('.env');
      const clear = text
        .replace(/^sops:\n(?: +.*\n)+/gm, '')
        .replace(/^sops_.*\n/gm, '')
        .replace(/ENC\[AES256_GCM,data:([^,]*),[^\]]*\]/g, (_, data: string) => Buffer.from(data, 'base64').toString());
      return Buffer.from(isData ? clear : `# written again\n\n\n${clear}`);
    },
  };
  return imitation;
}

function noKey(path: string): FluxError {
  return new FluxError(`${path} cannot be decrypted: fluxd has none of its keys`, {
    code: 'decryption/no-key',
    fault: 'user',
    help: 'Give it one.',
  });
}
