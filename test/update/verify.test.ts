import { expect, test } from 'vitest';
import { createManifests } from '../../src/manifests/index.ts';
import { verifyEdits } from '../../src/update/verify.ts';
import { workload } from './world.ts';

const { text: hello, object } = workload('Deployment', 'hello', {
  containers: [
    ['greet', 'acme/hello:1'],
    ['side', 'acme/side:1'],
  ],
});
const other = workload('Deployment', 'other', { containers: [['a', 'b:1']] }).text;
const verify = (content: string, before = hello) =>
  verifyEdits(
    [{ path: 'a.yaml', before, content }],
    [
      {
        id: 'default:deployment/hello',
        manifest: { place: { file: 'a.yaml', document: 1, line: 1 }, object, checksum: '' },
        change: { kind: 'images', images: new Map([['greet', 'acme/hello:2']]) },
      },
    ],
    createManifests(),
  );

const edited = hello.replace('hello:1', 'hello:2');

test('what was asked for passes', async () => {
  await verify(edited);
  await verify(`${edited}---\n${other}`, `${hello}---\n${other}`);
});

test.each<[string, string, string]>([
  ['a new object', `${edited}---\n${other}`, 'resource "default:deployment/other" is new after update'],
  ['an object that is gone', '# nothing\n', 'resources {"default:deployment/hello"} present before update but not after'],
  [
    'another object in its place',
    edited.replace('name: hello', 'name: hallo'),
    'resource "default:deployment/hallo" is new after update',
  ],
  [
    'a lost container',
    edited.replace(/ {6}- name: side\n.*\n/, ''),
    'resource "default:deployment/hello" has different set of containers after update',
  ],
  [
    'a renamed container',
    edited.replace('name: side', 'name: aside'),
    'container in position 1 of resource "default:deployment/hello" has a different name after update: was "side", now "aside"',
  ],
  [
    'an image left as it was',
    hello,
    'the image for container "greet" in resource "default:deployment/hello" should be "acme/hello:2", but is "acme/hello:1"',
  ],
  [
    'an image nobody asked to change',
    edited.replace('side:1', 'side:2'),
    'the image for container "side" in resource "default:deployment/hello" should be "acme/side:1", but is "acme/side:2"',
  ],
  [
    'another change of the object',
    edited.replace('spec:', 'spec:\n  replicas: 2'),
    'resource "default:deployment/hello" differs after update in spec.replicas, which was not requested',
  ],
])('%s is refused', async (_name, content, message) => {
  await expect(verify(content)).rejects.toMatchObject({ message: `verifying changes: failed to verify changes: ${message}` });
});

test('a file that cannot be read any more is refused', async () => {
  await expect(verify(`${edited}\t- x: [\n`)).rejects.toThrow(/^loading resources after updates: /);
});
