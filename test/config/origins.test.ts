import { describe, expect, test } from 'vitest';
import { FLAG_NAMES, FLAGS, type ParsedFlags, parseFlags, variableOf } from '../../src/config/index.ts';

interface Given {
  readonly argv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: string;
}

function parse({ argv = [], environment = {}, file }: Given): ParsedFlags {
  const named = file === undefined ? [] : ['--config-file=flux.yaml'];
  return parseFlags([...named, ...argv], { version: '1.2.3', environment, readFile: () => file ?? '' });
}

function accepted(given: Given) {
  const parsed = parse(given);
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  return { config: parsed.config, warnings: parsed.warnings.map(({ message }) => message) };
}

function refusal(given: Given) {
  const parsed = parse(given);
  if ('config' in parsed) throw new Error('accepted');
  const errors = parsed.stderr.split('\n').flatMap((line) => (line.startsWith('Error: ') ? [line.slice(7)] : []));
  return { exit: parsed.exit, errors };
}

describe('environment variables', () => {
  test('are named after the flags and read by their types', () => {
    const environment = {
      FLUXD_GIT_URL: 'https://h/r',
      FLUXD_GIT_PATH: 'a,"b,c"',
      FLUXD_GIT_CI_SKIP: '1',
      FLUXD_GIT_POLL_INTERVAL: '90s',
      FLUXD_REGISTRY_BURST: '0x10',
    };
    expect(accepted({ environment }).config).toMatchObject({
      sources: [{ url: 'https://h/r', paths: ['a', 'b,c'] }],
      gitCiSkipMessage: '\n\n[ci skip]',
      gitPollIntervalMs: 90_000,
      registryBurst: 16,
    });
  });

  test('that are empty are as if not set', () => {
    const environment = { FLUXD_GIT_BRANCH: '', FLUXD_GIT_CI_SKIP: '', FLUXD_GIT_LABEL: '' };
    expect(accepted({ environment }).config).toMatchObject({ sources: [{ branch: 'master', syncTag: 'flux-sync' }] });
  });

  test('that are mistyped stop the start; others with the prefix are told of, for they may be somebody’s own', () => {
    expect(refusal({ environment: { FLUXD_GIT_BRNCH: 'x' } }).errors).toEqual([
      'unknown environment variable: FLUXD_GIT_BRNCH (did you mean FLUXD_GIT_BRANCH?)',
    ]);
    expect(accepted({ environment: { FLUXD_DEPLOY_TOKEN: 'x', FLUX_GIT_URL: 'x', PATH: '/' } }).warnings).toEqual([
      'ignored environment variable FLUXD_DEPLOY_TOKEN: no such flag',
    ]);
  });

  test('that an image sets for its version are nobody’s', () => {
    expect(accepted({ environment: { FLUXD_VERSION: '1.25.4' } }).warnings).toEqual([]);
  });
});

/** What the kubelet sets for a Service with one port, as its documentation says. */
function variablesOfService(service: string, port: number): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_');
  return {
    [`${name}_SERVICE_HOST`]: '10.0.0.9',
    [`${name}_SERVICE_PORT`]: `${port}`,
    [`${name}_SERVICE_PORT_HTTP`]: `${port}`,
    [`${name}_PORT`]: `tcp://10.0.0.9:${port}`,
    [`${name}_PORT_${port}_TCP`]: `tcp://10.0.0.9:${port}`,
    [`${name}_PORT_${port}_TCP_PROTO`]: 'tcp',
    [`${name}_PORT_${port}_TCP_PORT`]: `${port}`,
    [`${name}_PORT_${port}_TCP_ADDR`]: '10.0.0.9',
  };
}

test.each(['flux', 'flux-memcached', 'fluxd', 'fluxd-memcached', 'fluxd-git', 'fluxd-listen'])(
  'what Kubernetes sets for a Service named %s means nothing to fluxd',
  (service) => {
    const { config, warnings } = accepted({ environment: variablesOfService(service, 3030) });
    expect(warnings).toEqual([]);
    expect(config).toEqual(accepted({}).config);
  },
);

test('every flag but the one that would look like a Service has a variable of its own', () => {
  expect(FLAG_NAMES.filter((name) => variableOf(name) === undefined)).toEqual(['version', 'memcached-port']);
  const variables = FLAG_NAMES.flatMap((name) => variableOf(name) ?? []);
  expect(new Set(variables).size).toBe(variables.length);
});

describe('the config file', () => {
  test('holds values as YAML has them', () => {
    const file = `# comment
git-url: git@h:o/r
git-branch: "1.0"
git-path: [a, "b,c"]
git-set-author: true
git-poll-interval: 1h30m
registry-rps: 2.5
registry-burst: 7
`;
    expect(accepted({ file }).config).toMatchObject({
      sources: [{ url: 'git@h:o/r', branch: '1.0', paths: ['a', 'b,c'] }],
      gitSetAuthor: true,
      gitPollIntervalMs: 5_400_000,
      registryRps: 2.5,
      registryBurst: 7,
    });
  });

  test.each(['', '# only a comment\n'])('may be empty: %j', (file) => {
    expect(accepted({ file }).config).toEqual(accepted({}).config);
  });

  const CASES: readonly (readonly [string, string])[] = [
    ['a: 1\ngit-brnch: x\n', 'flux.yaml:1: unknown key|flux.yaml:2: unknown key (did you mean git-branch?)'],
    ['\n--git-branch: x\n', 'flux.yaml:2: unknown key (did you mean git-branch?)'],
    ['git-branch: 1.0', 'flux.yaml:1: invalid value for git-branch: expected text; put it in quotes'],
    ['git-path: a', 'flux.yaml:1: invalid value for git-path: expected a list'],
    ['git-path: [a, 1]', 'flux.yaml:1: invalid value for git-path: expected text; put it in quotes'],
    ['git-path:', 'flux.yaml:1: invalid value for git-path: expected a list'],
    ['git-set-author: "true"', 'flux.yaml:1: invalid value for git-set-author: expected true or false'],
    ['registry-burst: 1.5', 'flux.yaml:1: invalid value for registry-burst: expected a whole number'],
    ['registry-rps: x', 'flux.yaml:1: invalid value for registry-rps: expected a number'],
    ['sync-interval: hunter2', 'flux.yaml:1: invalid value for sync-interval: expected a duration, such as 5m'],
    ['sync-interval: 5', 'flux.yaml:1: invalid value for sync-interval: expected a duration as text, such as 5m'],
    ['sync-interval: "5"', 'flux.yaml:1: invalid value for sync-interval: expected a duration, such as 5m'],
    ['config-file: x', 'flux.yaml:1: config-file cannot be set in a config file'],
    ['version: true', 'flux.yaml:1: version cannot be set in a config file'],
    ['- git-url', 'flux.yaml: expected a map from flag names to values'],
    ['git-url: a\n---\ngit-url: b\n', 'flux.yaml: more than one YAML document'],
    ['git-url: [', 'flux.yaml:1: malformed YAML: '],
    ['git-user: a\ngit-user: b\n', 'flux.yaml:2: '],
  ];
  test.each(CASES)('%j is refused with its line', (file, errors) => {
    const { exit, errors: told } = refusal({ file });
    expect(exit).toBe(2);
    expect(told).toEqual(errors.split('|').map((error) => expect.stringContaining(error)));
  });

  test('that holds a secret in the wrong form does not show it', () => {
    expect(JSON.stringify(parse({ file: 'token: 918273645\ngit-url: [https://u:918273645@h/r]\n' }))).not.toContain('918273645');
  });

  test('that cannot be read stops the start, and says who named it', () => {
    const readFile = () => {
      throw new Error('ENOENT: no such file');
    };
    const parsed = parseFlags([], { version: '', environment: { FLUXD_CONFIG_FILE: '/x' }, readFile });
    expect(parsed).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('Error: --config-file (from FLUXD_CONFIG_FILE) cannot be read: ENOENT: no such file\n'),
    });
  });
});

describe('where a value comes from', () => {
  test('a flag wins over a variable, a variable over the file, lists as a whole', () => {
    const file = 'git-branch: file\ngit-user: file\ngit-email: file\ngit-path: [file]\n';
    const environment = { FLUXD_GIT_BRANCH: 'variable', FLUXD_GIT_USER: 'variable', FLUXD_GIT_PATH: 'variable' };
    const { config } = accepted({ argv: ['--git-branch=flag', '--git-path=a', '--git-path=b'], environment, file });
    expect(config).toMatchObject({ sources: [{ branch: 'flag', paths: ['a', 'b'] }], gitUser: 'variable', gitEmail: 'file' });
  });

  test('the file that a flag names wins over the one that a variable names', () => {
    const readFile = (path: string) => `git-branch: ${path}\n`;
    const environment = { FLUXD_CONFIG_FILE: 'variable' };
    expect(parseFlags(['--config-file=flag'], { version: '', environment, readFile })).toMatchObject({
      config: { sources: [{ branch: 'flag' }] },
    });
  });

  test('a flag that is not built is refused from wherever it comes, and the message says from where', () => {
    const refused = FLAG_NAMES.filter((name) => FLAGS[name].status === 'unbuilt');
    const other = { string: 'x', bool: 'true', int: '7', float: '7', duration: '7s', list: 'x' };
    const environment = Object.fromEntries(refused.map((name) => [variableOf(name), other[FLAGS[name].type]]));
    expect(refusal({ environment }).errors).toEqual(
      refused.map((name) => expect.stringContaining(`--${name} (from ${variableOf(name)}) is not supported yet`)),
    );
    expect(refusal({ file: '\nconnect: a\nsync-state: tag\n' }).errors).toEqual([
      '--connect (from flux.yaml:2) is not supported yet; remove it, or set it to ""',
      'unknown sync state mode "tag" in --sync-state (from flux.yaml:3); use "git" or "secret"',
    ]);
  });

  test('warnings and bad values say it too, and everything is told at once', () => {
    const file = 'memcached-port: 1\nregistry-poll-interval: 1m\n';
    expect(accepted({ file }).warnings).toEqual([
      expect.stringContaining('flag --registry-poll-interval (from flux.yaml:2) has been deprecated'),
      expect.stringContaining('flag --memcached-port (from flux.yaml:1) no longer has an effect'),
    ]);
    expect(refusal({ argv: ['--nope'], environment: { FLUXD_SYNC_INTERVAL: '5', FLUXD_GIT_PATH: '/a' }, file: 'x: 1' })).toEqual({
      exit: 2,
      errors: [
        'unknown flag: --nope',
        'invalid value "5" for --sync-interval (from FLUXD_SYNC_INTERVAL): time: missing unit in duration "5"',
        'flux.yaml:1: unknown key',
        'subdirectory given as --git-path (from FLUXD_GIT_PATH) should not have leading forward slash',
      ],
    });
  });

  test('a wrong value is replaced by none from a weaker place', () => {
    const { errors } = refusal({ environment: { FLUXD_SYNC_INTERVAL: 'x' }, file: 'sync-interval: 1m' });
    expect(errors).toHaveLength(1);
  });
});

test('a password among the arguments is warned of, with where it belongs; in a variable or a file it is where it should be', () => {
  const url = 'https://ann:hunter2@h/r';
  const { warnings } = accepted({ argv: [`--git-url=${url}`] });
  expect(warnings).toEqual([expect.stringContaining('FLUXD_GIT_URL')]);
  expect(warnings.join()).not.toContain('hunter2');
  expect(accepted({ environment: { FLUXD_GIT_URL: url } }).warnings).toEqual([]);
  expect(accepted({ file: `git-url: ${url}\n` }).warnings).toEqual([]);
  expect(accepted({ argv: ['--git-url=https://ann@h:443/r'] }).warnings).toEqual([]);
  expect(accepted({ argv: ['--git-url=git@h:a/b@c'] }).warnings).toEqual([]);
});

test('S-098: an environment in which no certificate is checked is refused, and the variable is named', () => {
  const refused = refusal({ environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  expect(refused).toEqual({
    exit: 2,
    errors: [expect.stringMatching(/^environment variable NODE_TLS_REJECT_UNAUTHORIZED=0 is not allowed, because it disables /)],
  });
  for (const NODE_TLS_REJECT_UNAUTHORIZED of ['', '1']) accepted({ environment: { NODE_TLS_REJECT_UNAUTHORIZED } });
});
