import { describe, expect, test } from 'vitest';
import { type PolicySpec, planUpdate } from '../../src/update/index.ts';
import { deployment } from '../manifests/commented.ts';
import { repositoryOf } from '../update/repository.ts';

const ID = 'default:deployment/web';

/** The file after a change of policies; as it was when nothing is to be changed. */
async function edited(text: string, update: PolicySpec[string], id = ID): Promise<string> {
  const context = await repositoryOf({ 'web.yaml': text });
  const { edits } = await planUpdate({ type: 'policy', cause: { Message: '', User: '' }, spec: { [id]: update } }, context);
  return edits[0]?.content ?? text;
}

const add = (policies: Record<string, string>) => ({ add: policies, remove: {} });
const remove = (...names: string[]) => ({ add: {}, remove: Object.fromEntries(names.map((name) => [name, 'true'])) });
const automate = add({ automated: 'true' });
const annotations = (...lines: string[]) => `  annotations:\n${lines.map((line) => `    ${line}\n`).join('')}`;

const CASES: readonly (readonly [name: string, before: string, update: PolicySpec[string], after: string])[] = [
  ['ANN-1 a new block is the last key of metadata', '', automate, annotations("fluxcd.io/automated: 'true'")],
  [
    'ANN-2 a new annotation goes to the end',
    annotations("linkerd.io/inject: 'no'"),
    automate,
    annotations("linkerd.io/inject: 'no'", "fluxcd.io/automated: 'true'"),
  ],
  [
    'ANN-4 what is set under the old prefix is set',
    annotations("flux.weave.works/automated: 'true'", "linkerd.io/inject: 'no'"),
    automate,
    annotations("flux.weave.works/automated: 'true'", "linkerd.io/inject: 'no'"),
  ],
  [
    'ANN-5 one goes under the old prefix, one comes',
    annotations("flux.weave.works/automated: 'true'", "linkerd.io/inject: 'no'"),
    { ...add({ locked: 'true' }), ...{ remove: { automated: 'true' } } },
    annotations("linkerd.io/inject: 'no'", "fluxcd.io/locked: 'true'"),
  ],
  [
    'ANN-7 the text of the others stays',
    annotations("fluxcd.io/automated: 'true'", 'linkerd.io/inject: enabled'),
    remove('automated'),
    annotations('linkerd.io/inject: enabled'),
  ],
  ['ANN-8 with the last one the block goes', annotations("fluxcd.io/automated: 'true'"), remove('automated'), ''],
  [
    'ANN-10 what is not there cannot go',
    annotations('linkerd.io/inject: enabled'),
    remove('automated'),
    annotations('linkerd.io/inject: enabled'),
  ],
  [
    'ANN-11 a value of several lines goes as a whole',
    annotations('fluxcd.io/locked_msg: |-', '  line a', '  line b'),
    remove('locked_msg'),
    '',
  ],
  ['ANN-13 a glob needs no quotes', '', add({ 'tag.web': 'glob:*' }), annotations('fluxcd.io/tag.web: glob:*')],
  ['ANN-14 a pattern is written as sent', '', add({ 'tag.web': 'rel-1' }), annotations('fluxcd.io/tag.web: rel-1')],
  [
    'ANN-17 an expression needs no quotes',
    '',
    add({ 'tag.web': 'regexp:^v[0-9]+' }),
    annotations('fluxcd.io/tag.web: regexp:^v[0-9]+'),
  ],
  [
    'ANN-19 a filter is changed where it stands',
    annotations('filter.fluxcd.io/web: glob:*'),
    add({ 'tag.web': 'glob:v*' }),
    annotations('filter.fluxcd.io/web: glob:v*'),
  ],
  [
    'ANN-20 a filter for all is one for each container',
    '',
    add({ tag_all: 'semver:*' }),
    annotations('fluxcd.io/tag.web: semver:*'),
  ],
  ['ANN-26 an empty map in braces becomes a block', '  annotations: {}\n', automate, annotations("fluxcd.io/automated: 'true'")],
  [
    'ANN-28 quotes and the comment stay',
    annotations('fluxcd.io/automated: "false" # why'),
    automate,
    annotations('fluxcd.io/automated: "true" # why'),
  ],
  [
    'ANN-29 text that reads as another type is quoted',
    '',
    add({ locked_msg: '1.10', locked_user: 'null', 'tag.web': 'true' }),
    annotations("fluxcd.io/locked_msg: '1.10'", "fluxcd.io/locked_user: 'null'", "fluxcd.io/tag.web: 'true'"),
  ],
  ['ANN-31 annotations without a value are none', '  annotations:\n', automate, annotations("fluxcd.io/automated: 'true'")],
  [
    'ANN-32 a value may hold an equals sign',
    '',
    add({ 'tag.web': 'regexp:^a=b' }),
    annotations('fluxcd.io/tag.web: regexp:^a=b'),
  ],
];

describe('a change of policies in a manifest', () => {
  test.each(CASES)('%s', async (_name, before, update, after) => {
    expect(await edited(deployment(before), update)).toBe(deployment(after));
  });

  test.each(CASES)('%s (line ends of Windows, a byte order mark, another document)', async (_name, before, update, after) => {
    const file = (lines: string) => `\uFEFF# first\r\n${deployment(lines).replaceAll('\n', '\r\n')}---\r\n# nothing\r\n`;
    expect(await edited(file(before), update)).toBe(file(after));
  });

  test.each(CASES)('%s (ANN-25: in a List, beside its namesake of another kind)', async (_name, before, update, after) => {
    const file = (lines: string) => {
      const item = deployment(lines).slice('---\n'.length).trimEnd().replaceAll('\n', '\n  ');
      return `apiVersion: v1\nkind: List\nitems:\n- kind: Service\n  apiVersion: v1\n  metadata: {name: web}\n- ${item}\n`;
    };
    expect(await edited(file(before), update)).toBe(file(after));
  });

  test('ANN-16 to a pattern that is none is refused', async () => {
    await expect(edited(deployment(''), add({ 'tag.web': 'semver:nope' }))).rejects.toMatchObject({
      message: 'invalid tag pattern: "semver:nope"',
      fault: 'user',
    });
  });

  test('ANN-22 that is not in the repository changes nothing', async () => {
    const context = await repositoryOf({ 'web.yaml': deployment('') });
    const spec = { 'default:deployment/other': automate };
    const { result, edits } = await planUpdate({ type: 'policy', cause: { Message: '', User: '' }, spec }, context);
    expect(result).toEqual({
      'default:deployment/other': { Status: 'skipped', Error: 'not found in repository', PerContainer: null },
    });
    expect(edits).toEqual([]);
  });

  test('ANN-23 that runs no containers is refused', async () => {
    const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n';
    await expect(edited(service, automate, 'default:service/web')).rejects.toMatchObject({
      message: 'resource default:service/web does not have containers',
      fault: 'user',
    });
  });
});
