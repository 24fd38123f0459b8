import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DrawnLines } from '../../../ui/logs/drawn-lines.ts';
import { MAX_DRAWN } from '../../../ui/logs/log-buffer.ts';

test('of lines that come as fast as a person reads, all are drawn at once', () => {
  const drawn = new DrawnLines();
  for (let at = 0; at < 10_000; at += 200) expect([drawn.came(100, at), drawn.count]).toEqual([true, MAX_DRAWN]);
});

test('of lines that come faster the last hundred are drawn, ten times a second, and all once it is quiet', () => {
  const drawn = new DrawnLines();
  const times: number[] = [];
  for (let at = 0; at < 1_000; at += 10) {
    if (drawn.came(500, at)) times.push(at);
    expect([drawn.count, drawn.grow(at)]).toEqual([100, false]);
  }
  expect(times).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  let frames = 0;
  for (let at = 1_000; !drawn.isWhole; at += 16) frames += Number(drawn.grow(at));
  expect([frames, drawn.count]).toEqual([9, MAX_DRAWN]);
});

test('however lines come, those that are not drawn are drawn later, and never more than a hundred in a frame', () => {
  const steps = fc.array(fc.tuple(fc.nat(1_000), fc.nat(400)), { maxLength: 50 });
  fc.assert(
    fc.property(steps, (all) => {
      const drawn = new DrawnLines();
      let at = 0;
      for (const [lines, pause] of all) {
        at += pause;
        const before = drawn.count;
        if (!drawn.came(lines, at)) expect(drawn.isWhole).toBe(false);
        if (drawn.count === before && drawn.grow(at)) expect(drawn.count - before).toBe(100);
      }
      for (let frame = 0; !drawn.isWhole; frame += 1) {
        at += 16;
        drawn.grow(at);
        expect(frame).toBeLessThan(100);
      }
    }),
  );
});
