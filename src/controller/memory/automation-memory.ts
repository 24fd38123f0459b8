import type { FirstSeen, Suspension } from '../../update/index.ts';
import { FIRST_SEEN } from './first-seen.ts';
import { Memory, type MemoryOptions } from './memory.ts';
import type { Remembered } from './remembered.ts';
import { SUSPENSION } from './suspension.ts';

/** What automation remembers. */
export interface AutomationMemory {
  readonly memory: Pick<Memory, 'keeping' | 'forget' | 'load' | 'reload'>;
  /** When tags were first seen. */
  readonly seen: Remembered<FirstSeen>;
  readonly suspension: Remembered<Suspension | undefined>;
}

export function createAutomationMemory(options: MemoryOptions): AutomationMemory {
  const memory = new Memory(options);
  return { memory, seen: memory.remember(FIRST_SEEN), suspension: memory.remember(SUSPENSION) };
}
