import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayChange } from '../../../src/manifests/helm/may-change.ts';

describe('a template may render to something else the next time', () => {
  test.each([
    '{{ randAlphaNum 5 }}',
    '{{- $ca := genCA "a" 1 -}}',
    '{{ now | date "2006" }}',
    '{{ htpasswd "a" "b" }}',
    '{{ range keys .Values.a }}{{ end }}',
    '{{ "}}" | cat now }}',
    '{{ tpl "{{ now }}" . }}',
    '{{ `}}` }}{{ uuidv4 }}',
    '{{/* now */}}{{ shuffle "abc" }}',
    `${'x'.repeat(300_000)}{{ .Values.a }}`,
  ])('%#: yes', (text) => expect(mayChange(Buffer.from(text))).toBe(true));

  test.each([
    'values: now',
    '{{ .Values.keys }} now {{ .Values.date }}',
    '{{/* set the values now }} */}}{{ .Values.a }}',
    '{{ $now.a }}',
  ])('%#: no', (text) => expect(mayChange(Buffer.from(text))).toBe(false));

  test('whatever stands around it', () => {
    const around = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '"', '`', '\\', '}', '}}', '.') });
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(mayChange(Buffer.from(`${before}{{ uuidv4 }}${after}`))).toBe(true);
      }),
    );
  });
});
