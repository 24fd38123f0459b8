import type { UpdateResult } from '../../src/update/index.ts';

/** What an update came to, by the workload's name: `success greet m-1>m-2`, `skipped locked`. */
export function brief(result: UpdateResult): Record<string, string> {
  return Object.fromEntries(
    Object.entries(result).map(([id, { Status, Error: reason, PerContainer }]) => [
      id.replace(/.*\//, ''),
      [
        Status,
        reason,
        ...(PerContainer ?? []).map(({ Container, Current, Target }) => `${Container} ${tagOf(Current)}>${tagOf(Target)}`),
      ]
        .filter(Boolean)
        .join(' '),
    ]),
  );
}

function tagOf(image: string): string {
  return image.replace(/^.*:/, '');
}
