import { below, type Cancellable, FluxError, type NonEmpty, yieldTurn } from '../../base/index.ts';
import type { Dependency, Dependent } from '../../resource/index.ts';
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

/** Each path is looked up in the list of nodes. */
const MAX_PATHS = 5_000;
/** How many nodes all paths together may stand for: each path has a list of them. */
const MAX_FOUND = 1_000_000;

/** A path, and the nodes from which something is applied there; a vertex between those that depend on it and these. */
interface At {
  readonly nodes: readonly Node[];
  readonly names: readonly string[];
}

/**
 * Finds what each node depends on. A node that depends on itself, directly or not, or on a path from which nothing is applied, makes an
 * error instead. `withFiles` finds those of some folders that have plain files; it is asked once, for all paths without nodes.
 */
export async function orderOf(
  nodes: readonly Node[],
  withFiles: (folders: readonly string[]) => Promise<ReadonlySet<string>>,
  { signal }: Cancellable,
): Promise<Order> {
  const found = new Map<string, At>();
  const errors = new Map<Node, NonEmpty<FluxError>>();
  const refuse = (node: Node, error: FluxError) => {
    const known = errors.get(node);
    errors.set(node, known ? [...known, error] : [error]);
  };
  let count = 0;
  for (const { path } of nodes.flatMap(({ dependsOn }) => dependsOn)) {
    if (found.has(path)) continue;
    if (count > MAX_FOUND || found.size === MAX_PATHS) break;
    await yieldTurn(signal);
    const there = nodes.filter(isAt(path));
    found.set(path, { nodes: there, names: there.map(({ name }) => name) });
    count += there.length;
  }
  const withoutNodes = [...found].flatMap(([path, at]) => (at.nodes.length === 0 ? path : []));
  const plain = withoutNodes.length === 0 ? new Set() : await withFiles(withoutNodes);
  for (const path of withoutNodes) if (!plain.has(path)) found.set(path, NOTHING);
  for (const node of nodes) {
    for (const { path } of node.dependsOn) {
      const at = found.get(path);
      if (at === undefined) refuse(node, tooMany());
      else if (at === NOTHING) refuse(node, nothingAt(path, node.configFile));
    }
  }
  const next = (each: Node | At) => ('nodes' in each ? each.nodes : each.dependsOn.flatMap(({ path }) => found.get(path) ?? []));
  for (const group of await cyclesOf<Node | At>(nodes, next, () => yieldTurn(signal))) {
    const cycle = [...group].flatMap((each) => ('nodes' in each ? [] : each)).sort((a, b) => (a.name < b.name ? -1 : 1));
    const error = inCircle(cycle.map(({ name }) => name));
    for (const node of cycle) refuse(node, error);
  }
  /** The same for all that depend on it, so that it is looked at once. */
  const dependencies = new Map<string, Dependency>();
  return {
    dependents: nodes.filter((node) => node.dependsOn.length > 0 && !errors.has(node)).map(dependent),
    errors: [...errors].map(([{ name, configFile }, all]) => ({ file: configFile, unit: name, error: together(all) })),
  };

  function dependent({ name, directory, renders, dependsOn }: Node): Dependent {
    const part = renders ? { units: [name] } : { units: [], folder: directory };
    return { name, ...part, after: dependsOn.map(dependency) };
  }

  function dependency({ path, healthy }: DependsOn): Dependency {
    const key = `${path}\0${healthy}`;
    const known = dependencies.get(key) ?? { folder: path, healthy, units: found.get(path)?.names ?? [] };
    dependencies.set(key, known);
    return known;
  }
}

const NOTHING: At = { nodes: [], names: [] };

/** Whether some of a node is applied from a path. What a unit renders has no part of its own in a folder below. */
function isAt(path: string): (node: Node) => boolean {
  const isBelow = below(path);
  return ({ directory, renders }) => isBelow(directory) || (!renders && below(directory)(path));
}

function nothingAt(path: string, configFile: string): FluxError {
  return new FluxError(`it depends on ${shown(path)}, from where nothing is applied`, {
    code: 'generation/dependency-missing',
    fault: 'user',
    help: `Name a folder of --git-path, or one below it, in ${configFile}, or restore it. ${MEANWHILE}`,
  });
}

function tooMany(): FluxError {
  return new FluxError(`the dependencies of this revision name more than ${MAX_PATHS} paths, or ${MAX_FOUND} units`, {
    code: 'generation/too-many-dependencies',
    fault: 'user',
    help: `Let units depend on the same few folders. ${MEANWHILE}`,
  });
}

function inCircle(names: readonly string[]): FluxError {
  const [first = ''] = names;
  const shownNames = names.slice(0, SHOWN);
  const last = names.length > SHOWN ? `${names.length - SHOWN} more` : shownNames.pop();
  const what = names.length === 1 ? `${first} depends on itself` : `${shownNames.join(', ')} and ${last} depend on each other`;
  return new FluxError(what, {
    code: 'generation/dependency-cycle',
    fault: 'user',
    help: `Remove one of the dependencies. ${MEANWHILE}`,
  });
}

/** Of a cycle, which may have thousands. */
const SHOWN = 50;

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
