import { describe, expect, test } from 'vitest';
import { lockText } from '../../../../src/manifests/helm/lock.ts';
import { containersOf, type Manifest } from '../../../../src/resource/index.ts';
import { type Entries, lines, link } from '../../kustomize/checkout.ts';
import { type Changes, edited, nameOf, withEdits } from '../../kustomize/real/changes.ts';
import { packedChart } from '../archive/tarball.ts';
import { open } from './program.ts';

type Texts = Readonly<Record<string, string>>;

const CONFIG = 'shop/.flux.yaml';
const VALUES = 'shop/values.yaml';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

const list = (name: string, all: Texts) => [
  `      ${name}:`,
  ...Object.entries(all).flatMap(([container, image]) => [`      - name: ${container}`, `        image: ${image}`]),
];
/** A template of a Deployment. */
const deployment = (name: string, containers: Texts, init: Texts = {}, ...metadata: readonly string[]) =>
  lines(
    ...['apiVersion: apps/v1', 'kind: Deployment', 'metadata:', `  name: ${name}`, ...metadata.map((line) => `  ${line}`)],
    ...['spec:', '  template:', '    spec:', ...(Object.keys(init).length > 0 ? list('initContainers', init) : [])],
    ...list('containers', containers),
  );
const named = (...helm: readonly string[]) =>
  lines('version: 1', 'helm:', '  chart: ../charts/web', ...helm.map((line) => `  ${line}`));
/** A chart with its values and templates, in a folder of its own. */
const chart = (values: string, ...templates: readonly string[]): Entries => ({
  'charts/web/Chart.yaml': lines('apiVersion: v2', 'name: web', 'version: 1.0.0', 'appVersion: "1.0"'),
  'charts/web/values.yaml': values,
  ...Object.fromEntries(templates.map((template, index) => [`charts/web/templates/${index}.yaml`, template])),
  [CONFIG]: named(),
});
const values = (text: string): Entries => ({ [CONFIG]: named('valuesFiles: [values.yaml]'), [VALUES]: text });
const web = (image: string, more: Texts = {}): Changes => ({ 'deployment/web': { images: { app: image, ...more } } });

const SPLIT = '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"';
const BITNAMI =
  '{{ if .Values.image.digest }}{{ .Values.global.imageRegistry | default .Values.image.registry }}/{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.global.imageRegistry | default .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ end }}';
const BITNAMI_VALUES = lines(
  ...[
    'global:',
    '  imageRegistry: ""',
    'image:',
    '  registry: docker.io',
    '  repository: bitnami/nginx',
    '  tag: "1.0"',
    '  digest: ""',
  ],
);
const CREATED = '"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"';
const CREATED_VALUES = lines(
  'replicaCount: 1',
  'image:',
  '  repository: nginx',
  '  pullPolicy: IfNotPresent',
  '  # Overrides appVersion.',
  '  tag: ""',
);
const SIDECARS = lines(
  ...[
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata: {name: web}',
    'spec:',
    '  template:',
    '    spec:',
    '      containers:',
  ],
  ...[
    '      {{- range .Values.sidecars }}',
    '      - name: {{ .name }}',
    '        image: {{ .image }}:{{ .tag }}',
    '      {{- end }}',
  ],
);
const TWO = [
  deployment('web', { app: '{{ .Values.web.image }}' }),
  deployment('api', { app: '{{ .Values.api.image }}' }),
] as const;
const SUBCHART: Entries = {
  'charts/web/charts/cache/Chart.yaml': lines('apiVersion: v2', 'name: redis', 'version: 1.0.0'),
  'charts/web/charts/cache/values.yaml': lines('image: {name: redis, repository: bitnami/redis, tag: "7.0"}'),
  'charts/web/charts/cache/templates/r.yaml': deployment('redis', { app: SPLIT }),
};
const CRON = lines(
  ...['apiVersion: batch/v1', 'kind: CronJob', 'metadata: {name: web}', 'spec:', '  schedule: "0 0 * * *"', '  jobTemplate:'],
  ...['    spec:', '      template:', '        spec:', '          restartPolicy: Never', '          containers:'],
  ...['          - name: app', '            image: {{ .Values.job.image.repository }}:{{ .Values.job.image.tag }}'],
);
const redis = (image: string): Changes => ({ 'deployment/redis': { images: { app: image } } });

/** Edits in values that the folder has itself: the text of the file before and after. */
const IN_PLACE: readonly (readonly [string, Entries, Changes, string, before: string, after: string])[] = [
  [
    'one field',
    chart('', deployment('web', { app: '{{ .Values.image }}' })),
    web('nginx:1.1'),
    VALUES,
    'image: nginx:1.0 # keep\nb: c\n',
    'image: nginx:1.1 # keep\nb: c\n',
  ],
  [
    'repository and tag',
    chart('', deployment('web', { app: SPLIT })),
    web('nginx:1.1'),
    VALUES,
    'image:\n  repository: nginx\n  tag: "1.0" # keep\n',
    'image:\n  repository: nginx\n  tag: "1.1" # keep\n',
  ],
  [
    'a tag alone, whose repository the chart has',
    chart(lines('image: {repository: nginx, tag: "0.9"}'), deployment('web', { app: SPLIT })),
    web('nginx:1.1'),
    VALUES,
    "image:\n  tag: '1.0'\n",
    "image:\n  tag: '1.1'\n",
  ],
  [
    'image and tag beside each other',
    chart('', deployment('web', { app: '{{ .Values.image }}:{{ .Values.tag }}' })),
    web('nginx:v2'),
    VALUES,
    'image: nginx\ntag: v1\n',
    'image: nginx\ntag: v2\n',
  ],
  [
    'registry, image and tag',
    chart('', deployment('web', { app: '{{ .Values.registry }}/{{ .Values.image }}:{{ .Values.tag }}' })),
    web('ghcr.io/acme/web:v2'),
    VALUES,
    'registry: ghcr.io\nimage: acme/web\ntag: v1\n',
    'registry: ghcr.io\nimage: acme/web\ntag: v2\n',
  ],
  [
    'as bitnami',
    chart(BITNAMI_VALUES, deployment('web', { app: BITNAMI })),
    web('docker.io/bitnami/nginx:1.1'),
    VALUES,
    'image: {tag: "1.0"}\n',
    'image: {tag: "1.1"}\n',
  ],
  [
    'a registry in global',
    chart(BITNAMI_VALUES, deployment('web', { app: BITNAMI })),
    web('r.example.org/bitnami/nginx:1.1'),
    VALUES,
    'global:\n  imageRegistry: r.example.org\nimage:\n  tag: "1.0"\n',
    'global:\n  imageRegistry: r.example.org\nimage:\n  tag: "1.1"\n',
  ],
  [
    'a digest of its own',
    chart(BITNAMI_VALUES, deployment('web', { app: BITNAMI })),
    web(`docker.io/bitnami/nginx@${OTHER}`),
    VALUES,
    `image:\n  digest: ${DIGEST} # pinned\n`,
    `image:\n  digest: ${OTHER} # pinned\n`,
  ],
  [
    'a digest with its tag',
    chart('', deployment('web', { app: `${SPLIT.slice(0, -1)}@{{ .Values.image.digest }}"` })),
    web(`nginx:v2@${OTHER}`),
    VALUES,
    `image:\n  repository: nginx\n  tag: v1\n  digest: ${DIGEST}\n`,
    `image:\n  repository: nginx\n  tag: v2\n  digest: ${OTHER}\n`,
  ],
  [
    'a digest in the tag',
    chart('', deployment('web', { app: SPLIT })),
    web(`nginx:v2@${OTHER}`),
    VALUES,
    `image: {repository: nginx, tag: "v1@${DIGEST}"}\n`,
    `image: {repository: nginx, tag: "v2@${OTHER}"}\n`,
  ],
  [
    'an empty digest that is filled',
    chart(BITNAMI_VALUES, deployment('web', { app: BITNAMI })),
    web(`docker.io/bitnami/nginx@${OTHER}`),
    VALUES,
    'image:\n  tag: "1.0"\n  digest: ""\n',
    `image:\n  tag: "1.0"\n  digest: "${OTHER}"\n`,
  ],
  [
    'a tag that YAML reads as a number',
    chart('', deployment('web', { app: SPLIT })),
    web('nginx:1.10'),
    VALUES,
    'image:\n  repository: nginx\n  tag: 1.9\n',
    "image:\n  repository: nginx\n  tag: '1.10'\n",
  ],
  [
    'a number that lost its zero',
    chart('', deployment('web', { app: SPLIT })),
    web('nginx:1.20'),
    VALUES,
    'image:\n  repository: nginx\n  tag: 1.10\n',
    "image:\n  repository: nginx\n  tag: '1.20'\n",
  ],
  [
    'a number that Helm writes as a power',
    chart('', deployment('web', { app: SPLIT })),
    web('nginx:20260102'),
    VALUES,
    'image:\n  repository: nginx\n  tag: 20250101\n',
    "image:\n  repository: nginx\n  tag: '20260102'\n",
  ],
  [
    'CRLF',
    chart('', deployment('web', { app: SPLIT })),
    web('nginx:1.1'),
    VALUES,
    '# ours\r\nimage:\r\n  repository: nginx\r\n  tag: "1.0" # t\r\n',
    '# ours\r\nimage:\r\n  repository: nginx\r\n  tag: "1.1" # t\r\n',
  ],
  [
    'a list of sidecars',
    chart('', SIDECARS),
    web('nginx:v3'),
    VALUES,
    'sidecars:\n- name: side\n  image: envoy\n  tag: v1\n- name: app\n  image: nginx\n  tag: v2\n',
    'sidecars:\n- name: side\n  image: envoy\n  tag: v1\n- name: app\n  image: nginx\n  tag: v3\n',
  ],
  [
    'two containers with one image, of which one is asked for',
    chart('', deployment('web', { app: '{{ .Values.app.image }}', side: '{{ .Values.side.image }}' })),
    web('nginx:v2'),
    VALUES,
    'side: {image: nginx:v1}\napp: {image: nginx:v1}\n',
    'side: {image: nginx:v1}\napp: {image: nginx:v2}\n',
  ],
  [
    'two containers of one field',
    chart('', deployment('web', { app: '{{ .Values.image }}', side: '{{ .Values.image }}' })),
    web('nginx:v2', { side: 'nginx:v2' }),
    VALUES,
    'image: nginx:v1\n',
    'image: nginx:v2\n',
  ],
  [
    'an init container',
    chart('', deployment('web', { app: 'a:1' }, { init: '{{ .Values.initImage }}:{{ .Values.initTag }}' })),
    { 'deployment/web': { images: { init: 'busybox:v2' } } },
    VALUES,
    'initImage: busybox\ninitTag: v1\n',
    'initImage: busybox\ninitTag: v2\n',
  ],
  [
    'a CronJob',
    chart('', CRON),
    { 'cronjob/web': { images: { app: 'nginx:v2' } } },
    VALUES,
    'job:\n  image:\n    repository: nginx\n    tag: v1\n',
    'job:\n  image:\n    repository: nginx\n    tag: v2\n',
  ],
  [
    'a prefix of the name',
    chart('', deployment('web', { app: '{{ .Values.webImage.repository }}:{{ .Values.webImage.tag }}' })),
    web('nginx:v2'),
    VALUES,
    'webImage: {repository: nginx, tag: v1}\n',
    'webImage: {repository: nginx, tag: v2}\n',
  ],
  [
    'a prefix with a tag beside it',
    chart('', deployment('web', { app: '{{ .Values.webImage }}:{{ .Values.webImageTag }}' })),
    web('nginx:v2'),
    VALUES,
    'apiImageTag: v1\nwebImage: nginx\nwebImageTag: v1\n',
    'apiImageTag: v1\nwebImage: nginx\nwebImageTag: v2\n',
  ],
  [
    'the values of a subchart',
    { ...chart('', 'a: {{ 1 }}\n'), ...SUBCHART, 'charts/web/templates/0.yaml': '' },
    redis('bitnami/redis:7.2'),
    VALUES,
    'redis:\n  image:\n    tag: "7.1"\n',
    'redis:\n  image:\n    tag: "7.2"\n',
  ],
  [
    'an alias of another image gets its own text',
    chart('', ...TWO),
    { 'deployment/api': { images: { app: 'nginx:v2' } } },
    VALUES,
    'web:\n  image: &i nginx:v1\napi:\n  image: *i\n',
    'web:\n  image: &i nginx:v1\napi:\n  image: nginx:v2\n',
  ],
  [
    'an anchor moves to the image that stays',
    chart('', ...TWO),
    web('nginx:v2'),
    VALUES,
    'web:\n  image: &i nginx:v1\napi:\n  image: *i\n',
    'web:\n  image: nginx:v2\napi:\n  image: &i nginx:v1\n',
  ],
  [
    'a merge key is overridden in one place',
    chart(
      '',
      deployment('web', { app: '{{ .Values.web.repository }}:{{ .Values.web.tag }}' }),
      deployment('api', { app: '{{ .Values.api.repository }}:{{ .Values.api.tag }}' }),
    ),
    web('nginx:v2'),
    VALUES,
    'base: &b {repository: nginx, tag: v1}\nweb:\n  <<: *b\napi:\n  <<: *b\n',
    'base: &b {repository: nginx, tag: v1}\nweb:\n  <<: *b\n  tag: v2\napi:\n  <<: *b\n',
  ],
  [
    'of two files, the last that gives it',
    {
      ...chart('', deployment('web', { app: SPLIT })),
      [CONFIG]: named('valuesFiles: [../base.yaml, values.yaml]'),
      'base.yaml': 'image: {repository: nginx, tag: v0}\n',
    },
    web('nginx:v2'),
    VALUES,
    'image: {tag: v1}\n',
    'image: {tag: v2}\n',
  ],
  [
    'inline values, which win over a file',
    { ...chart('', deployment('web', { app: SPLIT })), [VALUES]: 'image: {repository: nginx, tag: v0}\n' },
    web('nginx:v2'),
    CONFIG,
    named('valuesFiles: [values.yaml]', 'values: # ours', '  image: {tag: v1} # t'),
    named('valuesFiles: [values.yaml]', 'values: # ours', '  image: {tag: v2} # t'),
  ],
  [
    'two workloads of one field',
    chart('', deployment('web', { app: '{{ .Values.image }}' }), deployment('api', { app: '{{ .Values.image }}' })),
    { ...web('nginx:v2'), 'deployment/api': { images: { app: 'nginx:v2' } } },
    VALUES,
    'image: nginx:v1\n',
    'image: nginx:v2\n',
  ],
  [
    'two workloads of two fields',
    chart('', ...TWO),
    { ...web('nginx:v2'), 'deployment/api': { images: { app: 'nginx:v3' } } },
    VALUES,
    'web: {image: nginx:v1}\napi: {image: nginx:v1}\n',
    'web: {image: nginx:v2}\napi: {image: nginx:v3}\n',
  ],
  [
    'a block of text',
    chart('', deployment('web', { app: '{{ .Values.image }}' })),
    web('nginx:v2'),
    VALUES,
    'image: |-\n  nginx:v1\na: b\n',
    'image: nginx:v2\na: b\n',
  ],
  [
    'JSON',
    chart('', deployment('web', { app: SPLIT })),
    web('nginx:v2'),
    VALUES,
    '{"image":{"repository":"nginx","tag":"v1"}}',
    '{"image":{"repository":"nginx","tag":"v2"}}',
  ],
  [
    'a text of values that is a template',
    chart('', deployment('web', { app: '{{ tpl .Values.image . }}' })),
    web('nginx:v2'),
    VALUES,
    'version: v1\nimage: nginx:v1\n',
    'version: v1\nimage: nginx:v2\n',
  ],
];

/** Edits that add what the chart, or a file that others use, gives. */
const ADDED: readonly (readonly [string, Entries, Changes, Texts])[] = [
  [
    'the tag that the chart has, in the config file',
    chart(lines('image: {repository: nginx, tag: v1}'), deployment('web', { app: SPLIT })),
    web('nginx:v2'),
    { [CONFIG]: named('values:', '  image:', '    tag: v2') },
  ],
  [
    'an image in one field',
    chart('image: nginx:v1\n', deployment('web', { app: '{{ .Values.image }}' })),
    web('nginx:v2'),
    { [CONFIG]: named('values:', '  image: nginx:v2') },
  ],
  [
    'in inline values',
    {
      ...chart(lines('image: {repository: nginx, tag: v1}'), deployment('web', { app: SPLIT })),
      [CONFIG]: named('values:', '  a: b # c'),
    },
    web('nginx:v2'),
    { [CONFIG]: named('values:', '  a: b # c', '  image:', '    tag: v2') },
  ],
  [
    'in inline values of one line',
    {
      ...chart(lines('image: {repository: nginx, tag: v1}'), deployment('web', { app: SPLIT })),
      [CONFIG]: named('values: {a: b}'),
    },
    web('nginx:v2'),
    { [CONFIG]: named('values: {a: b, image: {tag: v2}}') },
  ],
  [
    'in the last file of values',
    {
      ...chart(lines('image: {repository: nginx, tag: v1}'), deployment('web', { app: SPLIT })),
      ...values('# ours\nsize: 1\nimage:\n  pullPolicy: Always # p\n'),
    },
    web('nginx:1.10'),
    { [VALUES]: "# ours\nsize: 1\nimage:\n  pullPolicy: Always # p\n  tag: '1.10'\n" },
  ],
  [
    'in a file of values that has nothing but a comment',
    { ...chart(lines('image: {repository: nginx, tag: v1}'), deployment('web', { app: SPLIT })), ...values('# ours') },
    web('nginx:v2'),
    { [VALUES]: '# ours\nimage:\n  tag: v2\n' },
  ],
  [
    'the tag of helm create, for which the version of the chart stands',
    chart(CREATED_VALUES, deployment('web', { app: CREATED })),
    web('nginx:1.1'),
    { [CONFIG]: named('values:', '  image:', "    tag: '1.1'") },
  ],
  [
    'a tag that no text has yet',
    chart(lines('image: {repository: nginx}'), deployment('web', { app: CREATED })),
    web('nginx:1.1'),
    { [CONFIG]: named('values:', '  image:', "    tag: '1.1'") },
  ],
  [
    'as bitnami',
    chart(BITNAMI_VALUES, deployment('web', { app: BITNAMI })),
    web('docker.io/bitnami/nginx:1.1'),
    { [CONFIG]: named('values:', '  image:', "    tag: '1.1'") },
  ],
  [
    'a digest',
    chart(BITNAMI_VALUES, deployment('web', { app: BITNAMI })),
    web(`docker.io/bitnami/nginx@${DIGEST}`),
    { [CONFIG]: named('values:', '  image:', `    digest: ${DIGEST}`) },
  ],
  [
    'of a subchart',
    { ...chart('', ''), ...SUBCHART },
    redis('bitnami/redis:7.1'),
    { [CONFIG]: named('values:', '  redis:', '    image:', "      tag: '7.1'") },
  ],
  [
    'of a subchart with an alias',
    {
      ...chart('', ''),
      ...SUBCHART,
      'charts/web/Chart.yaml': lines(
        'apiVersion: v2',
        'name: web',
        'version: 1.0.0',
        'dependencies:',
        '- {name: redis, version: 1.0.0, repository: "", alias: store}',
      ),
    },
    redis('bitnami/redis:7.1'),
    { [CONFIG]: named('values:', '  store:', '    image:', "      tag: '7.1'") },
  ],
  [
    'a file that is not of the folder',
    {
      ...chart('', deployment('web', { app: SPLIT })),
      [CONFIG]: named('valuesFiles: [../base.yaml]'),
      'base.yaml': 'image: {repository: nginx, tag: v1}\n',
    },
    web('nginx:v2'),
    { [CONFIG]: named('valuesFiles: [../base.yaml]', 'values:', '  image:', '    tag: v2') },
  ],
  [
    'a file that wins over that of the folder',
    {
      ...chart('', deployment('web', { app: SPLIT })),
      [CONFIG]: named('valuesFiles: [values.yaml, ../base.yaml]'),
      [VALUES]: 'a: b\n',
      'base.yaml': 'image: {repository: nginx, tag: v1}\n',
    },
    web('nginx:v2'),
    { [CONFIG]: named('valuesFiles: [values.yaml, ../base.yaml]', 'values:', '  image:', '    tag: v2') },
  ],
  [
    'a file that another folder names too',
    {
      ...chart('', deployment('web', { app: SPLIT })),
      ...values('image: {repository: nginx, tag: v1}\n'),
      'zoo/.flux.yaml': named('namespace: zoo', 'valuesFiles: [../shop/values.yaml]'),
    },
    web('nginx:v2'),
    { [CONFIG]: named('valuesFiles: [values.yaml]', 'values:', '  image:', '    tag: v2') },
  ],
  [
    'a link',
    {
      ...chart('', deployment('web', { app: SPLIT })),
      [CONFIG]: named('valuesFiles: [values.yaml]'),
      [VALUES]: link('../base.yaml'),
      'base.yaml': 'image: {repository: nginx, tag: v1}\n',
    },
    web('nginx:v2'),
    { [CONFIG]: named('valuesFiles: [values.yaml]', 'values:', '  image:', '    tag: v2') },
  ],
  [
    'a chart beside the config file, whose values are those of the chart',
    {
      ...chart('', deployment('web', { app: SPLIT })),
      'charts/web/values.yaml': 'image: {repository: nginx, tag: v1}\n',
      [CONFIG]: 'dependsOn: [charts]\nversion: 1\ncommandUpdated: {generators: []}\n',
      'charts/web/.flux.yaml': lines('version: 1', 'helm:', '  chart: .', '  valuesFiles: [values.yaml]'),
    },
    web('nginx:v2'),
    {
      'charts/web/.flux.yaml': lines(
        'version: 1',
        'helm:',
        '  chart: .',
        '  valuesFiles: [values.yaml]',
        '  values:',
        '    image:',
        '      tag: v2',
      ),
    },
  ],
  [
    'an alias of a map',
    {
      ...chart('', deployment('web', { app: '{{ .Values.web.repository }}:{{ .Values.web.tag }}' })),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {repository: web.repository, tag: web.tag}}'),
      [VALUES]: 'web: {repository: nginx}\n',
      'charts/web/values.yaml': 'web: {tag: v1}\n',
    },
    web('nginx:v2'),
    { [VALUES]: 'web: {repository: nginx, tag: v2}\n' },
  ],
];

/** The one case in which other fields change. */
const LABEL = 'named: a label of the object that shows the tag';
const LABELLED = deployment('web', { app: SPLIT }, {}, 'labels:', '  app.kubernetes.io/version: {{ .Values.image.tag | quote }}');
const OWN_NAMES = deployment('web', { app: '"nginx:{{ .Values.deploy.release }}"' });

/** What `helm.images` names: the only proposal. */
const NAMED: readonly (readonly [string, Entries, Changes, string, before: string, after: string])[] = [
  [
    'a tag whose name is in the template',
    { ...chart('', OWN_NAMES), [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {tag: deploy.release}}') },
    web('nginx:v2'),
    VALUES,
    'deploy:\n  release: v1\n',
    'deploy:\n  release: v2\n',
  ],
  [
    'a complete image',
    {
      ...chart('', deployment('web', { app: '{{ .Values.picture }}' })),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {image: picture}}'),
    },
    web('nginx:v2'),
    VALUES,
    'picture: nginx:v1\nother: nginx:v1\n',
    'picture: nginx:v2\nother: nginx:v1\n',
  ],
  [
    'fields apart from each other',
    {
      ...chart('', deployment('web', { app: '{{ .Values.hub }}/{{ .Values.a.name }}:{{ .Values.b }}' })),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {registry: hub, repository: a.name, tag: b}}'),
    },
    web('ghcr.io/acme/web:v2'),
    VALUES,
    'hub: ghcr.io/acme\na: {name: web}\nb: v1\n',
    'hub: ghcr.io/acme\na: {name: web}\nb: v2\n',
  ],
  [
    'a repository behind a mirror that the template has',
    {
      ...chart('', deployment('web', { app: '"mirror.example.org/{{ .Values.image.repository }}:{{ .Values.image.tag }}"' })),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {repository: image.repository, tag: image.tag}}'),
    },
    web('mirror.example.org/nginx:v2'),
    VALUES,
    'image: {repository: nginx, tag: v1}\n',
    'image: {repository: nginx, tag: v2}\n',
  ],
  [
    'an item of a list',
    {
      ...chart('', deployment('web', { app: '{{ (index .Values.list 1).ref }}' })),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {image: list.1.ref}}'),
    },
    web('nginx:v2'),
    VALUES,
    'list:\n- ref: nginx:v1\n- ref: nginx:v1\n',
    'list:\n- ref: nginx:v1\n- ref: nginx:v2\n',
  ],
  [
    'containers of one name',
    {
      ...chart('', deployment('web', { app: 'nginx:{{ .Values.a }}' }), deployment('api', { app: 'nginx:{{ .Values.b }}' })),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images:', '  deployment/web:app: {tag: a}', '  app: {tag: b}'),
    },
    { ...web('nginx:v2'), 'deployment/api': { images: { app: 'nginx:v3' } } },
    VALUES,
    'a: v1\nb: v1\n',
    'a: v2\nb: v3\n',
  ],
  [
    LABEL,
    {
      ...chart('', LABELLED),
      [CONFIG]: named('valuesFiles: [values.yaml]', 'images: {app: {repository: image.repository, tag: image.tag}}'),
    },
    web('nginx:v2'),
    VALUES,
    'image: {repository: nginx, tag: v1}\n',
    'image: {repository: nginx, tag: v2}\n',
  ],
];

const CASES = [
  ...IN_PLACE.map(
    ([name, files, changes, path, before, after]) =>
      [
        `in place: ${name}`,
        path === VALUES
          ? {
              ...files,
              [CONFIG]: files[CONFIG] === named() ? named('valuesFiles: [values.yaml]') : (files[CONFIG] ?? ''),
              [path]: before,
            }
          : { ...files, [path]: before },
        changes,
        { [path]: after },
      ] as const,
  ),
  ...ADDED.map(([name, ...rest]) => [`added: ${name}`, ...rest] as const),
  ...NAMED.map(
    ([name, files, changes, path, before, after]) =>
      [name === LABEL ? name : `named: ${name}`, { ...files, [path]: before }, changes, { [path]: after }] as const,
  ),
];

/** All objects with their images. */
const imagesOf = (manifests: readonly Manifest[]) =>
  Object.fromEntries(
    manifests.map((each) => {
      const { namespace } = each.object.metadata;
      const images = containersOf(each.object).map(({ name, image }) => [name, image]);
      return [`${namespace === 'default' ? '' : `${namespace}:`}${nameOf(each)}`, Object.fromEntries(images)];
    }),
  );
/** All else that they are. */
const restOf = (manifests: readonly Manifest[]) =>
  manifests.map(({ object }) => JSON.stringify(object, (key, value) => (key === 'image' ? '' : value)));

describe('an image of a chart is changed in values', () => {
  test.each(CASES)('%s', async (name, files, changes, expected) => {
    const opened = open();
    const before = await opened.read(files);
    const edits = await edited(opened, files, changes);
    expect(Object.fromEntries(edits.map(({ path, content }) => [path, content]))).toEqual(expected);
    const after = withEdits(files, edits);
    const { manifests, errors } = await opened.read(after);
    expect(errors).toEqual(before.errors);
    const images = Object.entries(imagesOf(before.manifests)).map(([name, all]) => [name, { ...all, ...changes[name]?.images }]);
    expect(imagesOf(manifests)).toEqual(Object.fromEntries(images));
    if (name !== LABEL) expect(restOf(manifests)).toEqual(restOf(before.manifests));
    expect(await edited(opened, after, changes)).toEqual([]);
  });
});

describe('an edit that would not make exactly the change is refused, with the reason', () => {
  const CHECKSUM = lines(
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata: {name: version}',
    'data: {version: {{ .Values.image.tag | quote }}}',
  );
  test.each<[string, Entries, Changes, string]>([
    [
      'another workload has its image from the same field',
      chart(
        'image: nginx:v1\n',
        deployment('web', { app: '{{ .Values.image }}' }),
        deployment('api', { app: '{{ .Values.image }}' }),
      ),
      web('nginx:v2'),
      'deployment/api would change as well in spec.template.spec.containers.0.image',
    ],
    [
      'two containers of one field with two images',
      chart('image: nginx:v1\n', deployment('web', { app: '{{ .Values.image }}', side: '{{ .Values.image }}' })),
      web('nginx:v2', { side: 'nginx:v3' }),
      'deployment/web would change as well in spec.template.spec.containers.1.image',
    ],
    [
      'a label shows the tag',
      chart(lines('image: {repository: nginx, tag: v1}'), LABELLED),
      web('nginx:v2'),
      'deployment/web would change as well in metadata.labels.app.kubernetes.io/version',
    ],
    [
      'another object shows the tag, also where helm.images names it',
      {
        ...chart(lines('image: {repository: nginx, tag: v1}'), deployment('web', { app: SPLIT }), CHECKSUM),
        [CONFIG]: named('images: {app: {repository: image.repository, tag: image.tag}}'),
      },
      web('nginx:v2'),
      'configmap/version would change as well in data.version',
    ],
    [
      'the template has the image',
      chart('', deployment('web', { app: 'nginx:v1' })),
      web('nginx:v2'),
      'no place in the values has nginx:v1 by the conventions',
    ],
    [
      'values that are not used',
      chart('image: nginx:v1\n', deployment('web', { app: 'nginx:v1' })),
      web('nginx:v2'),
      'deployment/web would not be as wanted in spec.template.spec.containers.0.image',
    ],
    [
      'a path that is not used',
      { ...chart('', deployment('web', { app: 'nginx:v1' })), [CONFIG]: named('images: {app: {tag: image.tag}}') },
      web('nginx:v2'),
      'deployment/web would not be as wanted in container app',
    ],
    [
      'a list in the values of the chart',
      chart('sidecars: [{name: app, image: nginx, tag: v1}]\n', SIDECARS),
      web('nginx:v2'),
      'sidecars.0.tag in the values cannot be changed alone in a file that only this folder has',
    ],
    [
      'a map that an alias shares',
      {
        ...chart(
          '',
          deployment('web', { app: '{{ .Values.web.image }}' }),
          deployment('api', { app: '{{ .Values.api.image }}' }),
        ),
        ...values('web: &w {image: nginx:v1}\napi: *w\n'),
      },
      web('nginx:v2'),
      'web.image in the values cannot be changed alone',
    ],
    [
      'a chart that requires another tag',
      {
        ...chart(
          '',
          deployment('web', {
            app: '{{ if ne .Values.image "nginx:v1" }}{{ fail "only one is allowed" }}{{ end }}{{ .Values.image }}',
          }),
        ),
        ...values('image: nginx:v1\n'),
      },
      web('nginx:v2'),
      'only one is allowed',
    ],
    [
      'another name than the template has',
      { ...chart('', OWN_NAMES), [CONFIG]: named('values: {deploy: {release: v1}}', 'images: {app: {tag: deploy.release}}') },
      web('httpd:v2'),
      'the fields that have nginx:v1 cannot hold httpd:v2',
    ],
  ])('%s', async (_, files, changes, why) => {
    await expect(edited(open(), files, changes)).rejects.toMatchObject({
      code: 'helm/cannot-edit',
      message: expect.stringContaining(`no edit of ${CONFIG} makes exactly this change: `),
    });
    await expect(edited(open(), files, changes)).rejects.toThrow(why);
  });
});

test('an image that a patch sets is changed in the patch', async () => {
  const opened = open();
  const patch = (tag: string) =>
    lines(
      'kind: Deployment',
      'apiVersion: apps/v1',
      'metadata: {name: web}',
      `spec: {template: {spec: {containers: [{name: app, image: "nginx:${tag}"}]}}} # ours`,
    );
  const files = {
    ...chart('image: nginx:v1\n', deployment('web', { app: '{{ .Values.image }}' })),
    'shop/flux-patch.yaml': patch('v5'),
  };
  const edits = await edited(opened, files, web('nginx:v6'));
  expect(edits).toEqual([{ path: 'shop/flux-patch.yaml', content: patch('v6') }]);
  expect(imagesOf((await opened.read(withEdits(files, edits))).manifests)).toEqual({ 'deployment/web': { app: 'nginx:v6' } });
});

test('an image and a policy are changed together', async () => {
  const opened = open();
  const files = { ...chart('', deployment('web', { app: '{{ .Values.image }}' })), ...values('image: nginx:v1\n') };
  const edits = await edited(opened, files, {
    'deployment/web': { images: { app: 'nginx:v2' }, annotations: { 'fluxcd.io/automated': 'true' } },
  });
  expect(edits.map(({ path }) => path).sort()).toEqual(['shop/flux-patch.yaml', VALUES]);
  const { manifests } = await opened.read(withEdits(files, edits));
  expect(manifests[0]?.object).toMatchObject({ metadata: { annotations: { 'fluxcd.io/automated': 'true' } } });
  expect(imagesOf(manifests)).toEqual({ 'deployment/web': { app: 'nginx:v2' } });
});

test('the tag of a packed subchart is added', async () => {
  const opened = open();
  const packed = await packedChart('redis', {
    'values.yaml': lines('image: {repository: bitnami/redis, tag: "7.0"}'),
    'templates/r.yaml': deployment('redis', { app: SPLIT }),
  });
  const files: Entries = { ...chart('', ''), 'charts/web/charts/redis-1.0.0.tgz': { mode: '100644', content: packed } };
  const edits = await edited(opened, files, redis('bitnami/redis:7.1'));
  expect(edits).toEqual([{ path: CONFIG, content: named('values:', '  redis:', '    image:', "      tag: '7.1'") }]);
  const { manifests } = await opened.read(withEdits(files, edits));
  expect(imagesOf(manifests)).toEqual({ 'deployment/redis': { app: 'bitnami/redis:7.1' } });
});

test('the tag of a chart from elsewhere is added', async () => {
  const packed = await packedChart('web', {
    'values.yaml': lines('image: {repository: nginx, tag: v1}'),
    'templates/web.yaml': deployment('web', { app: SPLIT }),
  });
  const locked = { kind: 'oci', url: 'oci://ghcr.io/org/web', version: '1.0.0', digest: DIGEST } as const;
  const config = lines('version: 1', 'helm:', '  chart: oci://ghcr.io/org/web', '  version: 1.0.0');
  const files: Entries = { [CONFIG]: config, 'shop/.flux.lock': lockText(locked) };
  const opened = open({ archives: { fetch: async () => packed } });
  const edits = await edited(opened, files, web('nginx:v2'));
  expect(edits).toEqual([{ path: CONFIG, content: `${config}  values:\n    image:\n      tag: v2\n` }]);
  expect(imagesOf((await opened.read(withEdits(files, edits))).manifests)).toEqual({ 'deployment/web': { app: 'nginx:v2' } });
});
