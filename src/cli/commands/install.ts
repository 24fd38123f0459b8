import { type Command, Option } from 'commander';
import { collect, type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { checkDirectory, writeBelow } from '../output-directory.ts';
import type { Session } from '../session.ts';

interface Flags {
  readonly gitUrl?: string;
  readonly gitEmail?: string;
  readonly gitBranch: string;
  readonly gitPath?: readonly string[];
  readonly gitPaths?: readonly string[];
  readonly gitLabel: string;
  readonly gitUser: string;
  readonly gitReadonly?: boolean;
  readonly manifestGeneration?: boolean;
  readonly namespace?: string;
  readonly registryDisableScanning?: boolean;
  readonly image?: string;
  readonly outputDir?: string;
}

export function installCommand(launch: Launch): Command {
  return subcommand<Flags>('install', {
    summary: 'Print the manifests that run fluxd in a cluster',
    examples: [
      'install --git-url=git@github.com:acme/config --git-email=flux@acme.org --image=acme/fluxd:1 | kubectl apply -f -',
      'install --git-url=git@github.com:acme/config --git-email=flux@acme.org --image=acme/fluxd:1 --output-dir=.',
    ],
    launch,
    options: (command) =>
      command
        .option('--git-url <url>', 'repository to sync the cluster with')
        .option('--git-email <address>', 'committer e-mail address')
        .option('--git-branch <branch>', 'branch to sync, and to push image updates to', 'master')
        .option('--git-path <path>', 'directory with manifests, relative to the repository; may be repeated', collect)
        .addOption(new Option('--git-paths <path>', 'old name of --git-path').argParser(collect).hideHelp())
        .option('--git-label <label>', 'name of the sync tag and the notes ref', 'flux')
        .option('--git-user <name>', 'committer name', 'Flux')
        .option('--git-readonly', 'never push')
        .option('--manifest-generation', 'render folders by the commands of their .flux.yaml, in a sandbox container')
        .option('--namespace <namespace>', 'namespace to run in (default from the kubeconfig context)')
        .option('--registry-disable-scanning', 'do not scan registries; disables image updates')
        .option('--image <reference>', 'fluxd image (default localhost/fluxd at this version; no image is published yet)')
        .option('-o, --output-dir <directory>', 'write one file per manifest to this directory instead of printing')
        // A memcached flag of Flux v1, accepted and ignored.
        .addOption(new Option('--add-security-context').hideHelp()),
    run: install,
  });
}

/** An image with this name cannot be published, so no third-party image can run by accident. */
const UNPUBLISHED = 'localhost/fluxd';

async function install(session: Session, flags: Flags): Promise<number> {
  const { stdout, stderr, version } = session;
  if (!flags.gitUrl) throw usageError('please supply a valid --git-url argument');
  if (!flags.gitEmail) throw usageError('please supply a valid --git-email argument');
  if (flags.outputDir) await checkDirectory(flags.outputDir, `${flags.outputDir} is not a directory`);
  const daemon = daemonFlags(flags, flags.gitUrl, flags.gitEmail);
  await requireStart(daemon);
  // Loaded on demand: it imports the YAML writer.
  const { fluxManifests } = await import('../install/manifests.ts');
  const manifests = fluxManifests({
    namespace: await session.namespace(flags.namespace),
    image: flags.image ?? `${UNPUBLISHED}:${version}`,
    flags: daemon,
  });
  for (const [file, yaml] of Object.entries(manifests)) {
    if (flags.outputDir) stderr.write(`writing ${await writeBelow(flags.outputDir, [file], `---\n${yaml}`)}\n`);
    else stdout.write(`---\n${yaml}`);
  }
  if (!flags.image) stderr.write(`No fluxd image is published yet: build one, and set it with --image.\n`);
  return 0;
}

/** Checked here, since a pod that fails to start is noticed late. The chart rejects such values as well. */
async function requireStart(flags: Readonly<Record<string, string | undefined>>): Promise<void> {
  const { tryArguments } = await import('../../config/index.ts');
  const given = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : `--${name}=${value}`));
  const { problems } = tryArguments(given);
  if (problems.length > 0) throw usageError(`fluxd would not start: ${problems.join('; ')}`);
}

/** The flags that the chart has a value for. Empty values are omitted where the chart omits them. */
function daemonFlags(flags: Flags, url: string, email: string): Readonly<Record<string, string | undefined>> {
  const paths = [...(flags.gitPath ?? []), ...(flags.gitPaths ?? [])].filter((path) => path !== '');
  return {
    'git-url': url,
    'git-branch': flags.gitBranch,
    'git-path': paths.length > 0 ? paths.join(',') : undefined,
    'git-label': flags.gitLabel || undefined,
    'git-user': flags.gitUser || undefined,
    'git-email': email,
    'git-readonly': flags.gitReadonly ? 'true' : undefined,
    'manifest-generation': flags.manifestGeneration ? 'true' : undefined,
    'registry-disable-scanning': flags.registryDisableScanning ? 'true' : undefined,
  };
}
