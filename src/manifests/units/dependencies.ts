import { type Cancellable, FluxError, type NonEmpty, yieldTurn } from '../../base/index.ts';
import { below, type Dependency, type Dependent } from '../../resource/index.ts';
import type { FileProblem } from '../problem.ts';
import { cyclesOf } from './cycles.ts';
import type { DependsOn } from './depends-on.ts';

/** A folder of a revision, rendered or of plain files, and what it depends on. */
export interface Node {
  readonly name: string;
  readonly directory: string;
  readonly configFile: string;
  readonly renders: boolean;
  readonly dependsOn: readonly DependsOn[];
}

/** The order of a revision. */
export interface Order {
  readonly dependents: readonly Dependent[];
  /** One for each node whose dependencies cannot come first. */
  readonly errors: readonly (FileProblem & { readonly unit: string })[];
}

/**
 * Finds what each node depends on. A node that depends on itself, directly or not, or on a path from which nothing is applied, makes an
 * error instead. `hasFiles` says whether there are plain files in a folder.
 */
export async function orderOf(
  nodes: readonly Node[],
  hasFiles: (folder: string) => boolean,
  { signal }: Cancellable,
): Promise<Order> {
  const found = new Map<string, readonly Node[]>();
  const missing = new Set<string>();
  for (const path of new Set(nodes.flatMap(({ dependsOn }) => dependsOn.map((each) => each.path)))) {
    await yieldTurn(signal);
    const there = nodes.filter((node) => isAt(path, node));
    found.set(path, there);
    if (there.length === 0 && !hasFiles(path)) missing.add(path);
  }
  const nodesAt = (path: string) => found.get(path) ?? [];
  const errors = new Map<Node, NonEmpty<FluxError>>();
  const refuse = (node: Node, error: FluxError) => {
    const known = errors.get(node);
    errors.set(node, known ? [...known, error] : [error]);
  };
  for (const node of nodes)
    for (const { path } of node.dependsOn) if (missing.has(path)) refuse(node, nothingAt(path, node.configFile));
  const waitsFor = new Map(nodes.map((node) => [node, [...new Set(node.dependsOn.flatMap(({ path }) => nodesAt(path)))]]));
  for (const cycle of cyclesOf(nodes, (node) => waitsFor.get(node) ?? []))
    for (const node of cycle) refuse(node, inCircle(cycle.map(({ name }) => name)));
  return {
    dependents: nodes.filter((node) => node.dependsOn.length > 0 && !errors.has(node)).map(dependent),
    errors: [...errors].map(([{ name, configFile }, all]) => ({ file: configFile, unit: name, error: together(all) })),
  };

  function dependent({ name, directory, renders, dependsOn }: Node): Dependent {
    const part = renders ? { units: [name] } : { units: [], folder: directory };
    return { name, ...part, after: dependsOn.map(dependency) };
  }

  function dependency({ path, healthy }: DependsOn): Dependency {
    return { folder: path, healthy, units: nodesAt(path).map(({ name }) => name) };
  }
}

/** Whether some of a node is applied from a path. What a unit renders has no part of its own in a folder below. */
function isAt(path: string, { directory, renders }: Node): boolean {
  return below(path)(directory) || (!renders && below(directory)(path));
}

function nothingAt(path: string, configFile: string): FluxError {
  return new FluxError(`it depends on ${shown(path)}, from where nothing is applied`, {
    code: 'generation/dependency-missing',
    fault: 'user',
    help: `Name a folder of --git-path, or one below it, in ${configFile}, or restore it. ${MEANWHILE}`,
  });
}

function inCircle(names: readonly string[]): FluxError {
  const [first = '', ...others] = names;
  const last = others.pop();
  const what =
    last === undefined ? `${first} depends on itself` : `${[first, ...others].join(', ')} and ${last} depend on each other`;
  return new FluxError(what, {
    code: 'generation/dependency-cycle',
    fault: 'user',
    help: `Remove one of the dependencies. ${MEANWHILE}`,
  });
}

/** A listing has one place for what is wrong with a unit. */
function together(all: NonEmpty<FluxError>): FluxError {
  const [first, ...others] = all;
  if (others.length === 0) return first;
  return new FluxError(all.map(({ message }) => message).join('; '), {
    code: first.code,
    fault: 'user',
    help: `Correct dependsOn. ${MEANWHILE}`,
  });
}

const MEANWHILE = 'Until then its objects stay as they are, and nothing is deleted.';

function shown(path: string): string {
  return path === '' ? 'the root of the repository' : JSON.stringify(path);
}
