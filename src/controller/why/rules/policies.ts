import { hasPolicy } from '../../../policy/index.ts';
import type { Finding, Link } from '../answer.ts';
import type { Facts } from '../facts.ts';
import { clause, find, type Rule } from './rule.ts';

/** The annotations of Flux on the object: in Git, and those in the cluster that count. */
export function policiesLink(facts: Facts): Link {
  const { inGit } = facts;
  return {
    kind: 'policies',
    ...find(RULES, facts, {
      code: 'policies',
      state: 'ok',
      text: inGit.size === 0 ? 'none' : [...inGit].map(policyText).join(', '),
    }),
    facts: [...inGit].map(([name, value]) => ({ name, value: clause(value) })),
  };
}

const RULES: readonly Rule<Facts>[] = [ignoredInGit, ignoredInCluster];

function ignoredInGit({ inGit }: Facts): Finding | undefined {
  if (!hasPolicy(inGit, 'ignore')) return undefined;
  return {
    code: 'ignored',
    state: 'held',
    text: 'its manifest has fluxcd.io/ignore: "true"',
    next: { text: 'Remove the annotation from the file.' },
  };
}

function ignoredInCluster({ inCluster }: Facts): Finding | undefined {
  if (!inCluster || !hasPolicy(inCluster, 'ignore')) return undefined;
  return {
    code: 'ignored-in-cluster',
    state: 'held',
    text: 'the object in the cluster has fluxcd.io/ignore: "true"',
    next: { text: 'Remove the annotation from the object: kubectl annotate … fluxcd.io/ignore-.' },
  };
}

function policyText([name, value]: readonly [string, string]): string {
  return value === 'true' ? name : `${name}: ${clause(value)}`;
}
