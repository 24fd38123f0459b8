import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogLines } from '../../../src/cluster/live/log-lines.ts';

function linesOf(...chunks: readonly (string | Buffer)[]): readonly string[] {
  const lines = new LogLines();
  return [...chunks.flatMap((chunk) => lines.add(Buffer.from(chunk))), ...lines.end()];
}

describe('lines of a log', () => {
  test('are the same however its bytes are cut', () => {
    const bytes = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.uint8Array().map(Buffer.from),
    );
    fc.assert(
      fc.property(fc.array(bytes), fc.array(fc.nat(20)), (parts, cuts) => {
        const whole = Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of cuts) {
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(linesOf(...chunks, whole.subarray(at))).toEqual(linesOf(whole));
      }),
    );
  });

  test.each<[string, string | Buffer, readonly string[]]>([
    ['an ending of Windows', 'a\r\nb\r\n', ['a', 'b']],
    ['no end', 'a\nb', ['a', 'b']],
    ['nothing in them', '\n\na\n', ['a']],
    ['colours', '\u001b[1;31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007\n', ['red link']],
    ['a progress bar', '10%\r20%\r\n', ['10%20%']],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0xc3, 0x0a]), ['a\ufffd\ufffd']],
    ['text that is written the other way round', 'a\u202eb\n', ['ab']],
    ['markup', '<script>x</script>\n', ['<script>x</script>']],
  ])('with %s', (_, text, expected) => {
    expect(linesOf(text)).toEqual(expected);
  });

  test('that are long are cut, and hold no more memory than is shown', () => {
    const chunk = 'x'.repeat(10_000);
    const [cut, after] = linesOf(...Array.from({ length: 500 }, () => chunk), '\nnext\n');
    expect([cut?.length, cut?.slice(-8), after]).toEqual([16 * 1024 + 7, 'x… (cut)', 'next']);
  });
});
