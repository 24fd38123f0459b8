import type { JobStatus } from '../../controller/index.ts';
import type { ContainerUpdate, UpdateResult, UpdateSpec } from '../../update/index.ts';
import type { JobStatusWire } from '../wire/index.ts';

/** Keys in Go's order; empty values are omitted from `Result`. */
export function jobToWire({ state, error, revision, spec, result, pullRequests }: JobStatus): JobStatusWire {
  return {
    Result: {
      ...(revision ? { revision } : {}),
      ...(spec ? { spec: specToWire(spec) } : {}),
      ...(result && Object.keys(result).length > 0 ? { result: resultToWire(result) } : {}),
      ...(pullRequests ? { pullRequests } : {}),
    },
    Err: error,
    StatusString: state,
  };
}

function specToWire({ type, cause: { Message, User }, spec }: UpdateSpec): UpdateSpec {
  return { type, cause: { Message, User }, spec } as UpdateSpec;
}

function resultToWire(result: UpdateResult): UpdateResult {
  const entries = Object.entries(result).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(
    entries.map(([id, { Status, Error: error, PerContainer }]) => [
      id,
      { Status, ...(error ? { Error: error } : {}), PerContainer: PerContainer?.map(containerToWire) ?? null },
    ]),
  );
}

function containerToWire({ Container, Current, Target }: ContainerUpdate): ContainerUpdate {
  return { Container, Current, Target };
}
