import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedCertificate } from '../../src/sim/kubernetes/certificate.ts';

/** A certificate and its key, in files; they go when it is disposed of. */
export function certificateFiles() {
  const directory = mkdtempSync(join(tmpdir(), 'flux-tls-'));
  const files = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  const renew = () => {
    const { cert, key } = selfSignedCertificate(Date.now());
    writeFileSync(files.certFile, cert);
    writeFileSync(files.keyFile, key);
    return { cert, key };
  };
  return { ...files, renew, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}
