import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';

const panelSchema = z.object({
  title: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
});
const file = join(import.meta.dirname, '../../charts/flux/dashboards/flux.json');
const { panels } = z.object({ panels: z.array(panelSchema) }).parse(JSON.parse(readFileSync(file, 'utf8')));

/** Grafana's grid has so many columns. */
const COLUMNS = 24;

test('each panel of the dashboard has a place of its own on the grid', () => {
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(COLUMNS);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.get(`${x} ${y}`), `beneath ${title}`).toBeUndefined();
        taken.set(`${x} ${y}`, title);
      }
    }
  }
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});
