type Fields = { readonly [key: string]: unknown };

/**
 * What of a later OpenAPI document breaks clients that were written for an earlier one: anything that is gone, anything newly
 * demanded of a request, anything no longer promised of an answer. References are followed.
 */
export function breakingChanges(before: Fields, after: Fields): readonly string[] {
  const broken: string[] = [];
  const say = (place: string, what: string) => void broken.push(`${place}: ${what}`);
  for (const [path, methods] of entries(before.paths)) {
    for (const [method, operation] of entries(methods)) {
      const place = `${method.toUpperCase()} ${path}`;
      const now = fields(fields(fields(after.paths)[path])[method]);
      if (Object.keys(now).length === 0) {
        say(place, 'is gone');
        continue;
      }
      const was = fields(operation);
      if (was.operationId !== now.operationId) say(place, `operationId is ${now.operationId}, was ${was.operationId}`);
      compareParameters(place, list(was.parameters), list(now.parameters));
      compareBody(place, fields(was.requestBody), fields(now.requestBody));
      compareAnswers(place, fields(was.responses), fields(now.responses));
    }
  }
  return broken;

  function compareParameters(place: string, was: readonly Fields[], now: readonly Fields[]): void {
    const key = (parameter: Fields) => `${parameter.in} parameter ${parameter.name}`;
    for (const parameter of was) {
      const same = now.find((other) => key(other) === key(parameter));
      if (!same) say(place, `${key(parameter)} is gone`);
      else {
        if (same.required === true && parameter.required !== true) say(place, `${key(parameter)} is required now`);
        compareTaken(`${place} ${key(parameter)}`, fields(parameter.schema), fields(same.schema));
      }
    }
    for (const parameter of now)
      if (parameter.required === true && !was.some((other) => key(other) === key(parameter)))
        say(place, `${key(parameter)} is new and required`);
  }

  function compareBody(place: string, was: Fields, now: Fields): void {
    if (now.required === true && was.required !== true) say(place, 'a body is required now');
    for (const [type, content] of entries(was.content)) {
      const same = fields(fields(now.content)[type]);
      if (!('schema' in same)) say(place, `a body of ${type} is no longer taken`);
      else compareTaken(`${place} body`, fields(fields(content).schema), fields(same.schema));
    }
  }

  function compareAnswers(place: string, was: Fields, now: Fields): void {
    for (const [status, answer] of entries(was)) {
      if (!(status in now)) {
        say(place, `answer ${status} is gone`);
        continue;
      }
      for (const [type, content] of entries(fields(answer).content)) {
        const same = fields(fields(fields(now[status]).content)[type]);
        if (!('schema' in same)) say(place, `answer ${status} as ${type} is gone`);
        else compareGiven(`${place} ${status}`, fields(fields(content).schema), fields(same.schema));
      }
    }
  }

  /** A schema of what clients send may only get wider. */
  function compareTaken(place: string, oldSchema: Fields, newSchema: Fields): void {
    const [was, now] = [resolve(before, oldSchema), resolve(after, newSchema)];
    for (const type of typesOf(was))
      if (typesOf(now).length > 0 && !typesOf(now).includes(type)) say(place, `takes no ${type} any more`);
    if (typesOf(was).length === 0 && typesOf(now).length > 0) say(place, `takes only ${typesOf(now).join(', ')} now`);
    for (const value of values(was))
      if (values(now).length > 0 && !values(now).includes(value)) say(place, `takes no ${value} any more`);
    for (const key of ['pattern', 'maxLength', 'maxItems', 'maximum', 'minLength', 'minItems', 'minimum'] as const)
      if (now[key] !== undefined && isNarrower(key, was[key], now[key])) say(place, `${key} is ${now[key]}, was ${was[key]}`);
    for (const name of list<string>(now.required))
      if (!list<string>(was.required).includes(name)) say(place, `${name} is required now`);
    for (const [name, schema] of entries(was.properties)) {
      const same = fields(now.properties)[name];
      if (same === undefined) {
        if (now.additionalProperties === false) say(place, `${name} is no longer taken`);
      } else compareTaken(`${place}.${name}`, fields(schema), fields(same));
    }
    compareNested(place, was, now, compareTaken);
  }

  /** A schema of what clients get may only promise more. */
  function compareGiven(place: string, oldSchema: Fields, newSchema: Fields): void {
    const [was, now] = [resolve(before, oldSchema), resolve(after, newSchema)];
    if (typesOf(was).length > 0)
      for (const type of typesOf(now)) if (!typesOf(was).includes(type)) say(place, `may be ${type} now`);
    if (typesOf(was).length > 0 && typesOf(now).length === 0 && !hasChoices(now)) say(place, 'may be anything now');
    if (values(was).length > 0)
      for (const value of values(now)) if (!values(was).includes(value)) say(place, `may be ${value} now`);
    for (const name of list<string>(was.required))
      if (!list<string>(now.required).includes(name)) say(place, `${name} is not always there now`);
    for (const [name, schema] of entries(was.properties)) {
      const same = fields(now.properties)[name];
      if (same === undefined) say(place, `${name} is gone`);
      else compareGiven(`${place}.${name}`, fields(schema), fields(same));
    }
    compareNested(place, was, now, compareGiven);
  }

  function compareNested(place: string, was: Fields, now: Fields, compare: typeof compareTaken): void {
    if (was.items) compare(`${place}[]`, fields(was.items), fields(now.items));
    if (typeof was.additionalProperties === 'object')
      compare(`${place}{}`, fields(was.additionalProperties), fields(now.additionalProperties));
    for (const key of ['anyOf', 'oneOf'] as const) {
      const [old, recent] = [list(was[key]), list(now[key])];
      for (const [index, choice] of old.entries()) {
        const label = labelOf(resolve(before, choice)) ?? `${index}`;
        const same = recent.find((other, at) => (labelOf(resolve(after, other)) ?? `${at}`) === label);
        if (same === undefined) say(place, `choice ${label} is gone`);
        else compare(`${place}<${label}>`, choice, same);
      }
    }
  }
}

function isNarrower(key: string, was: unknown, now: unknown): boolean {
  if (was === undefined) return true;
  if (key === 'pattern') return was !== now;
  return key.startsWith('max') ? Number(now) < Number(was) : Number(now) > Number(was);
}

/** What tells choices apart, in whatever order they stand: the constant of a discriminator, or the type. */
function labelOf(schema: Fields): string | undefined {
  const constants = entries(schema.properties).flatMap(([name, property]) =>
    'const' in fields(property) ? [`${name}=${fields(property).const}`] : [],
  );
  return constants[0] ?? (typeof schema.type === 'string' && schema.type !== 'object' ? schema.type : undefined);
}

function resolve(document: Fields, schema: Fields): Fields {
  if (typeof schema.$ref !== 'string') return schema;
  return fields(
    schema.$ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => fields(at)[key], document),
  );
}

function hasChoices(schema: Fields): boolean {
  return 'anyOf' in schema || 'oneOf' in schema || 'const' in schema || 'enum' in schema;
}

function typesOf({ type }: Fields): readonly unknown[] {
  return type === undefined ? [] : Array.isArray(type) ? type : [type];
}

function values(schema: Fields): readonly unknown[] {
  return 'const' in schema ? [schema.const] : list<unknown>(schema.enum);
}

function list<T = Fields>(value: unknown): readonly T[] {
  return Array.isArray(value) ? value : [];
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function entries(value: unknown): [string, unknown][] {
  return Object.entries(fields(value));
}
