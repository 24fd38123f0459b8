import { asList, asObject, asString, at, equal, isObject, type Json, type JsonObject } from './json.ts';
import {
  labelKeyProblem,
  labelProblem,
  labelValueProblem,
  pathSegmentProblem,
  serviceNameProblem,
  subdomainProblem,
} from './names.ts';
import { type KubeObject, metaOf } from './object.ts';
import { type Cause, cause } from './status.ts';

/** Validation errors of an object by its kind, as causes of a 422. `old` is given for updates. */
export function validate(group: string, kind: string, object: KubeObject, old: KubeObject | undefined): readonly Cause[] {
  const rules = VALIDATORS[`${group}/${kind}`];
  return [...validateMetadata(group, kind, object), ...(rules?.(object, old) ?? [])];
}

const NAME_RULES: Readonly<Record<string, (name: string) => string | undefined>> = {
  '/Namespace': labelProblem,
  '/Service': serviceNameProblem,
  'rbac.authorization.k8s.io/Role': pathSegmentProblem,
  'rbac.authorization.k8s.io/RoleBinding': pathSegmentProblem,
  'rbac.authorization.k8s.io/ClusterRole': pathSegmentProblem,
  'rbac.authorization.k8s.io/ClusterRoleBinding': pathSegmentProblem,
};

/** Size limit of annotations; other sizes are bounded by etcd's request limit. */
const ANNOTATIONS_LIMIT = 256 * 1024;

function validateMetadata(group: string, kind: string, object: KubeObject): readonly Cause[] {
  const { name, labels = {}, annotations = {} } = metaOf(object);
  const problem = (NAME_RULES[`${group}/${kind}`] ?? subdomainProblem)(name);
  const causes = problem === undefined ? [] : [cause('metadata.name', 'FieldValueInvalid', problem, name)];
  causes.push(...validateLabels(labels, 'metadata.labels'));
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + value.length;
    const bad = labelKeyProblem(key.toLowerCase());
    if (bad) causes.push(cause('metadata.annotations', 'FieldValueInvalid', bad, key));
  }
  if (size > ANNOTATIONS_LIMIT)
    causes.push(cause('metadata.annotations', 'FieldValueTooLong', `may not be more than ${ANNOTATIONS_LIMIT} bytes`));
  return causes;
}

function validateLabels(labels: Readonly<Record<string, Json>>, path: string): Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const badKey = labelKeyProblem(key);
    const badValue = labelValueProblem(String(value));
    return [
      ...(badKey ? [cause(path, 'FieldValueInvalid', badKey, key)] : []),
      ...(badValue ? [cause(path, 'FieldValueInvalid', badValue, value)] : []),
    ];
  });
}

type Validator = (object: KubeObject, old: KubeObject | undefined) => readonly Cause[];

function required(value: Json | undefined, path: string, detail = ''): Cause[] {
  const missing = value === undefined || value === null || value === '';
  return missing ? [cause(path, 'FieldValueRequired', detail)] : [];
}

function validatePodSpec(spec: JsonObject, path: string): Cause[] {
  const containers = asList(spec.containers);
  const volumes = new Set(asList(spec.volumes).map((volume) => at(volume, 'name')));
  const seen = new Set<Json>();
  const lists = [
    ...asList(spec.initContainers).map((item, index) => ({ item, at: `${path}.initContainers[${index}]` })),
    ...containers.map((item, index) => ({ item, at: `${path}.containers[${index}]` })),
  ];
  return [
    ...(containers.length === 0 ? [cause(`${path}.containers`, 'FieldValueRequired', '')] : []),
    ...lists.flatMap(({ item, at: where }) => {
      const container = asObject(item);
      const name = asString(container.name) ?? '';
      const bad = name === '' ? undefined : labelProblem(name);
      const twice = seen.has(name);
      seen.add(name);
      return [
        ...required(name, `${where}.name`),
        ...(bad ? [cause(`${where}.name`, 'FieldValueInvalid', bad, name)] : []),
        ...(twice && name !== '' ? [cause(`${where}.name`, 'FieldValueDuplicate', '', name)] : []),
        ...required(container.image, `${where}.image`),
        ...asList(container.ports).flatMap((port, index) =>
          validatePort(at(port, 'containerPort'), `${where}.ports[${index}].containerPort`),
        ),
        ...asList(container.env).flatMap((variable, index) => required(at(variable, 'name'), `${where}.env[${index}].name`)),
        ...asList(container.volumeMounts).flatMap((mount, index) => {
          const volume = at(mount, 'name') ?? '';
          return volumes.has(volume) ? [] : [cause(`${where}.volumeMounts[${index}].name`, 'FieldValueNotFound', '', volume)];
        }),
      ];
    }),
  ];
}

function validatePort(value: Json | undefined, path: string): Cause[] {
  if (typeof value === 'number' && value > 0 && value < 65536) return [];
  if (value === undefined || value === 0) return [cause(path, 'FieldValueRequired', '')];
  return [cause(path, 'FieldValueInvalid', 'must be between 1 and 65535, inclusive', value)];
}

function validateWorkload(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = asObject(object.spec);
  const causes: Cause[] = [];
  const selector = asObject(spec.selector);
  const wanted = asObject(selector.matchLabels);
  const labels = at(spec.template, 'metadata', 'labels');
  if (typeof spec.replicas === 'number' && spec.replicas < 0)
    causes.push(cause('spec.replicas', 'FieldValueInvalid', 'must be greater than or equal to 0', spec.replicas));
  const blank = Object.keys(wanted).length === 0 && asList(selector.matchExpressions).length === 0;
  if (spec.selector === undefined) causes.push(cause('spec.selector', 'FieldValueRequired', ''));
  else if (blank) causes.push(cause('spec.selector', 'FieldValueInvalid', 'empty selector is invalid for deployment', {}));
  const matches = !blank && Object.entries(wanted).every(([key, value]) => at(labels, key) === value);
  if (!matches)
    causes.push(
      cause('spec.template.metadata.labels', 'FieldValueInvalid', '`selector` does not match template `labels`', labels ?? null),
    );
  causes.push(...validateLabels(asObject(labels), 'spec.template.labels'));
  causes.push(...validatePodSpec(asObject(at(spec.template, 'spec')), 'spec.template.spec'));
  const restart = at(spec.template, 'spec', 'restartPolicy');
  if (typeof restart === 'string' && restart !== 'Always')
    causes.push(cause('spec.template.spec.restartPolicy', 'FieldValueNotSupported', 'supported values: "Always"', restart));
  if (at(spec.strategy, 'type') === 'Recreate' && at(spec.strategy, 'rollingUpdate') !== undefined)
    causes.push(
      cause('spec.strategy.rollingUpdate', 'FieldValueForbidden', "may not be specified when strategy `type` is 'Recreate'"),
    );
  if (old) causes.push(...immutable(object, old, 'spec', 'selector'));
  return causes;
}

function immutable(object: KubeObject, old: KubeObject, ...path: string[]): Cause[] {
  const [now, before] = [at(object, ...path), at(old, ...path)];
  return equal(now, before) ? [] : [cause(path.join('.'), 'FieldValueInvalid', 'field is immutable', now ?? null)];
}

/** The mutable fields of a StatefulSet's spec. */
const STATEFUL_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function validateStatefulSet(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const causes = validateWorkload(object, undefined);
  if (!old) return causes;
  const rest = (value: KubeObject) =>
    Object.fromEntries(Object.entries(asObject(value.spec)).filter(([key]) => !STATEFUL_MUTABLE.includes(key)));
  if (equal(rest(object), rest(old))) return causes;
  const names =
    "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'";
  return [
    ...causes,
    cause('spec', 'FieldValueForbidden', `updates to statefulset spec for fields other than ${names} are forbidden`),
  ];
}

function validateJob(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = asObject(object.spec);
  return [
    ...validateJobTemplate(spec, 'spec'),
    ...(old ? [...immutable(object, old, 'spec', 'selector'), ...immutable(object, old, 'spec', 'template')] : []),
  ];
}

function validateJobTemplate(spec: JsonObject, path: string): Cause[] {
  const restart = at(spec.template, 'spec', 'restartPolicy');
  return [
    ...validatePodSpec(asObject(at(spec.template, 'spec')), `${path}.template.spec`),
    ...(restart === 'OnFailure' || restart === 'Never'
      ? []
      : [cause(`${path}.template.spec.restartPolicy`, 'FieldValueRequired', 'valid values: "OnFailure", "Never"')]),
  ];
}

function validateCronJob(object: KubeObject): Cause[] {
  const spec = asObject(object.spec);
  const schedule = asString(spec.schedule) ?? '';
  const bad = schedule !== '' && !schedule.startsWith('@') && schedule.trim().split(/\s+/).length !== 5;
  return [
    ...required(schedule, 'spec.schedule'),
    ...(bad
      ? [
          cause(
            'spec.schedule',
            'FieldValueInvalid',
            `expected exactly 5 fields, found ${schedule.trim().split(/\s+/).length}: [${schedule.trim()}]`,
            schedule,
          ),
        ]
      : []),
    ...validateJobTemplate(asObject(at(spec.jobTemplate, 'spec')), 'spec.jobTemplate.spec'),
  ];
}

function validateService(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = asObject(object.spec);
  const ports = asList(spec.ports);
  const headless = spec.clusterIP === 'None';
  const causes: Cause[] = [];
  if (spec.type === 'ExternalName') causes.push(...required(spec.externalName, 'spec.externalName'));
  else if (ports.length === 0 && !headless) causes.push(cause('spec.ports', 'FieldValueRequired', ''));
  for (const [index, port] of ports.entries()) {
    causes.push(...validatePort(at(port, 'port'), `spec.ports[${index}].port`));
    if (ports.length > 1) causes.push(...required(at(port, 'name'), `spec.ports[${index}].name`));
  }
  const before = at(old, 'spec', 'clusterIP');
  if (old && typeof before === 'string' && before !== '' && spec.type !== 'ExternalName' && spec.clusterIP !== before)
    causes.push(cause('spec.clusterIPs[0]', 'FieldValueInvalid', 'may not change once set', asList(spec.clusterIPs)));
  return causes;
}

function validateKeys(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const keys = [...Object.keys(asObject(object.data)), ...Object.keys(asObject(object.binaryData))];
  const causes = keys
    .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
    .map((key) =>
      cause(
        `data[${key}]`,
        'FieldValueInvalid',
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        key,
      ),
    );
  if (old?.immutable === true && !(equal(object.data, old.data) && object.immutable === true))
    causes.push(
      cause(
        object.immutable === true ? 'data' : 'immutable',
        'FieldValueForbidden',
        'field is immutable when `immutable` is set',
      ),
    );
  if (old && object.kind === 'Secret') causes.push(...immutable(object, old, 'type'));
  return causes;
}

function validateBinding(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const subjects = asList(object.subjects);
  return [
    ...required(at(object.roleRef, 'name'), 'roleRef.name'),
    ...subjects.flatMap((subject, index) => [
      ...required(at(subject, 'name'), `subjects[${index}].name`),
      ...(at(subject, 'kind') === 'ServiceAccount' && object.kind === 'ClusterRoleBinding'
        ? required(at(subject, 'namespace'), `subjects[${index}].namespace`)
        : []),
    ]),
    ...(old && !equal(object.roleRef, old.roleRef)
      ? [cause('roleRef', 'FieldValueInvalid', 'cannot change roleRef', object.roleRef)]
      : []),
  ];
}

function validateIngress(object: KubeObject): Cause[] {
  const spec = asObject(object.spec);
  if (asList(spec.rules).length === 0 && !isObject(spec.defaultBackend))
    return [cause('spec', 'FieldValueInvalid', 'either `defaultBackend` or `rules` must be specified', spec)];
  return asList(spec.rules).flatMap((rule, r) =>
    asList(at(rule, 'http', 'paths')).flatMap((path, p) => {
      const where = `spec.rules[${r}].http.paths[${p}]`;
      const text = asString(at(path, 'path')) ?? '';
      return [
        ...(at(path, 'pathType') !== 'ImplementationSpecific' && !text.startsWith('/')
          ? [cause(`${where}.path`, 'FieldValueInvalid', 'must be an absolute path', text)]
          : []),
        ...(isObject(at(path, 'backend', 'service')) || isObject(at(path, 'backend', 'resource'))
          ? []
          : [cause(`${where}.backend`, 'FieldValueRequired', 'resource or service backend is required')]),
      ];
    }),
  );
}

function validateClaim(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = asObject(object.spec);
  if (old) {
    const rest = (value: KubeObject) => {
      const { resources: _, volumeName: __, ...fixed } = asObject(value.spec);
      return fixed;
    };
    const text = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    return equal(rest(object), rest(old)) ? [] : [cause('spec', 'FieldValueForbidden', text)];
  }
  return [
    ...(asList(spec.accessModes).length === 0
      ? [cause('spec.accessModes', 'FieldValueRequired', 'at least 1 access mode is required')]
      : []),
    ...required(at(spec, 'resources', 'requests', 'storage'), 'spec.resources[storage]'),
  ];
}

function validateAutoscaler(object: KubeObject): Cause[] {
  const spec = asObject(object.spec);
  const max = spec.maxReplicas;
  return [
    ...(typeof max === 'number' && max > 0
      ? []
      : [cause('spec.maxReplicas', 'FieldValueInvalid', 'must be greater than 0', max ?? 0)]),
    ...required(at(spec, 'scaleTargetRef', 'kind'), 'spec.scaleTargetRef.kind'),
    ...required(at(spec, 'scaleTargetRef', 'name'), 'spec.scaleTargetRef.name'),
  ];
}

function validateDefinition(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = asObject(object.spec);
  const { name } = metaOf(object);
  const names = asObject(spec.names);
  const wanted = `${String(names.plural ?? '')}.${String(spec.group ?? '')}`;
  const versions = asList(spec.versions);
  return [
    ...(name === wanted ? [] : [cause('metadata.name', 'FieldValueInvalid', `must be spec.names.plural+"."+spec.group`, name)]),
    ...required(spec.group, 'spec.group'),
    ...required(spec.scope, 'spec.scope'),
    ...required(names.plural, 'spec.names.plural'),
    ...required(names.kind, 'spec.names.kind'),
    ...versions.flatMap((version, index) =>
      isObject(at(version, 'schema', 'openAPIV3Schema'))
        ? []
        : [cause(`spec.versions[${index}].schema.openAPIV3Schema`, 'FieldValueRequired', 'schemas are required')],
    ),
    ...versions.flatMap((version, index) => patternCauses(at(version, 'schema'), `spec.versions[${index}].schema`)),
    ...(versions.filter((version) => at(version, 'storage') === true).length === 1
      ? []
      : [cause('spec.versions', 'FieldValueInvalid', 'must have exactly one version marked as storage version', versions)]),
    ...(old ? [...immutable(object, old, 'spec', 'scope'), ...immutable(object, old, 'spec', 'group')] : []),
  ];
}

/** Every `pattern` of a schema must compile, since the server uses it later. */
function patternCauses(schema: Json | undefined, path: string): Cause[] {
  if (Array.isArray(schema)) return schema.flatMap((item, index) => patternCauses(item, `${path}[${index}]`));
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key !== 'pattern' || typeof value !== 'string') return patternCauses(value, `${path}.${key}`);
    const problem = patternProblem(value);
    const text = `must be a valid regular expression, but isn't: ${problem}`;
    return problem === undefined ? [] : [cause(`${path}.pattern`, 'FieldValueInvalid', text, value)];
  });
}

function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const VALIDATORS: Readonly<Record<string, Validator>> = {
  '/Pod': (object) => validatePodSpec(asObject(object.spec), 'spec'),
  '/ConfigMap': validateKeys,
  '/Secret': validateKeys,
  '/Service': validateService,
  '/PersistentVolumeClaim': validateClaim,
  'apps/Deployment': validateWorkload,
  'apps/DaemonSet': validateWorkload,
  'apps/ReplicaSet': validateWorkload,
  'apps/StatefulSet': validateStatefulSet,
  'batch/Job': validateJob,
  'batch/CronJob': validateCronJob,
  'networking.k8s.io/Ingress': validateIngress,
  'autoscaling/HorizontalPodAutoscaler': validateAutoscaler,
  'rbac.authorization.k8s.io/RoleBinding': validateBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': validateBinding,
  'apiextensions.k8s.io/CustomResourceDefinition': validateDefinition,
};
