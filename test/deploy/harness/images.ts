import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, type ImageFile, type ImageOptions, pushImage } from '../../cluster/real/image.ts';
import { installed } from '../../cluster/real/installed.ts';
import { command, environment } from './environment.ts';

/** Where our image is once it is pushed. */
export const FLUX = { repository: `${environment.registry}/flux-gitops`, tag: 'test' } as const;

/** As somebody who mirrors the image would: skopeo reads the archive and speaks to the registry. */
export async function pushFlux(): Promise<void> {
  const target = `docker://${FLUX.repository}:${FLUX.tag}`;
  await command('skopeo', 'copy', '--quiet', '--dest-tls-verify=false', `oci-archive:${environment.image}`, target);
}

/** An image that answers over HTTP with its version. */
export async function pushWeb(name: string, version: string, tag = version): Promise<void> {
  await push(name, tag, { program: readFileSync(environment.webProgram), path: '/web', env: { VERSION: version } });
}

/** podinfo is started by `./podinfo` in its working directory. */
export async function pushPodinfo(name: string, version: string): Promise<void> {
  await push(name, version, { program: readFileSync(environment.webProgram), path: '/podinfo', env: { VERSION: version } });
}

/** The stand-in for axiom/docker-erddap. */
export async function pushErddap(name: string, tag: string): Promise<void> {
  const env = { VERSION: tag.replace(/^v/, '') };
  await push(name, tag, { program: readFileSync(join(environment.programs, 'erddap')), path: '/erddap', env });
}

/** A shell and a few programs. */
export async function pushSystem(name: string, tag: string): Promise<void> {
  await push(name, tag, { program: readFileSync('/bin/dash'), path: '/bin/sh', files: installed('/bin/dash', '/bin/sleep') });
}

/** metrics-server as its own image has it. */
export async function pushMetricsServer(name: string, tag: string): Promise<void> {
  await push(name, tag, { program: readFileSync(environment.metricsServer), path: '/metrics-server' });
}

/** Git and sshd as Debian builds them. */
export async function pushGitServer(name: string, tag: string): Promise<void> {
  const link = (path: string): ImageFile => ({ path, content: { link: 'git' } });
  await push(name, tag, {
    program: readFileSync(join(environment.programs, 'git-server')),
    path: '/git-server',
    files: [
      ...installed('/usr/bin/git', '/usr/lib/git-core/git-http-backend', '/usr/sbin/sshd', '/bin/sh'),
      ...['upload-pack', 'receive-pack'].map((name) => link(`/usr/bin/git-${name}`)),
      { path: '/etc/passwd', content: Buffer.from('root:x:0:0::/:/bin/sh\ngit:*:1000:1000::/tmp:/bin/sh\n') },
      { path: '/etc/gitconfig', content: Buffer.from('[gc]\n\tauto = 0\n') },
    ],
  });
}

async function push(name: string, tag: string, options: ImageOptions): Promise<void> {
  // Built now: where a pattern does not order by version, the newest image counts.
  await pushImage(environment.registry, name, tag, buildImage({ created: new Date().toISOString(), ...options }));
}
