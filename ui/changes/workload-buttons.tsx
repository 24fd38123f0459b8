import type { WhyWire } from '../../src/api/wire/index.ts';
import type { Act, PolicyChange } from './act.ts';
import { ChangeButton } from './change-button.tsx';

interface Props {
  readonly id: string;
  readonly source: string | undefined;
  readonly links: WhyWire['links'];
}

/** What may be done with the images of a workload in Git; nothing for other objects. */
export function WorkloadButtons({ id, source, links }: Props) {
  const policies = links.find(({ kind }) => kind === 'policies');
  if (!policies || !links.some(({ kind }) => kind === 'decision')) return null;
  const has = (name: string) => policies.facts.some((fact) => fact.name === name && fact.value === 'true');
  const changes: readonly PolicyChange[] = [has('automated') ? 'deautomate' : 'automate', has('locked') ? 'unlock' : 'lock'];
  const acts: readonly Act[] = [
    { type: 'release-newest', id },
    { type: 'rollback', id },
    ...changes.map((change): Act => ({ type: 'policy', id, change })),
  ];
  return (
    <div class="change-bar">
      {acts.map((act) => (
        <ChangeButton key={'change' in act ? act.change : act.type} act={act} on={id} source={source} />
      ))}
    </div>
  );
}
