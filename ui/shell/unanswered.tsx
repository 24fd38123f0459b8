import type { ComponentChildren } from 'preact';
import type { ProblemWire } from '../../src/api/wire/index.ts';
import { UNREADABLE } from '../api/answer.ts';
import { sentence } from '../text/sentence.ts';
import { Notice } from './notice.tsx';

interface Props {
  /** Why fluxd cannot answer now; absent if nothing answers at all. */
  readonly problem: ProblemWire | undefined;
  readonly children: ComponentChildren;
}

/** That fluxd does not answer, and after that what it means for the user. */
export function Unanswered({ problem, children }: Props) {
  return (
    <Notice title={titleOf(problem)} isUrgent>
      <p>
        {problem && `${sentence(problem.detail)} `}
        {children}
      </p>
    </Notice>
  );
}

function titleOf(problem: ProblemWire | undefined): string {
  if (!problem) return 'fluxd does not answer';
  return problem.code === UNREADABLE.code ? 'The answer cannot be read' : 'fluxd cannot answer now';
}
