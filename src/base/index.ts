/**
 * General-purpose code without GitOps, for all rooms: errors, time, durations, globs, retries, redaction, logs, HTTP, YAML. It wraps the
 * third-party packages that the whole product uses.
 */
export type { AllFields } from './all-fields.ts';
export { type BackoffOptions, backoffMs } from './backoff.ts';
export type { Cancellable } from './cancellable.ts';
export { type ChangedOnly, createChangedOnly } from './changed-only.ts';
export { begin, type Clock, type Deadline, rfc3339, systemClock, timeOfDay, withDeadline } from './clock.ts';
export { leaveMemoryOutOfCoreDumps } from './core-dump.ts';
export { counted } from './counted.ts';
export { parseCsvLine } from './csv.ts';
export { cut, isCut } from './cut.ts';
export { parseDuration } from './duration.ts';
export type { ElectionHandlers } from './election.ts';
export { hasErrno } from './errno.ts';
export { asFluxError, type Fault, FluxError, type FluxErrorOptions, hasCode, messageOf } from './errors.ts';
export { fewOf } from './few-of.ts';
export { firstOf } from './first-of.ts';
export { matchGlob } from './glob.ts';
export { goJson } from './go-json.ts';
export { isWithin, type Network, networkOfAddress, networkOfHost, type Reach } from './http/network.ts';
export { http } from './http/node-http.ts';
export { plainOrigin } from './http/plain-origin.ts';
export { type ProxyEnvironment, proxyFor } from './http/proxy.ts';
export {
  createHttpTransport,
  type HttpResponse,
  type HttpStream,
  type HttpTransport,
  type HttpTransportOptions,
} from './http/transport.ts';
export type { HttpRequest } from './http/wire.ts';
export { createLogger, type Logger, type LogOptions, silentLogger } from './log.ts';
export { type Measurement, measured } from './measured.ts';
export { createMetrics, type Metrics, type ScanSummary, type SourceMetrics } from './metrics.ts';
export { isNonEmpty, mapNonEmpty, type NonEmpty } from './non-empty.ts';
export { percentDecoded } from './percent-decoded.ts';
export { printable } from './printable.ts';
export { type Reading, readWithin } from './reading.ts';
export { redact, Secret, withoutSecret } from './redact.ts';
export { below, folderOf, plainPath } from './relative-path.ts';
export { remember } from './remember.ts';
export { retryAfterMs } from './retry-after.ts';
export { createSeal, type Seal } from './seal.ts';
export { suggest } from './suggest.ts';
export { diffLines, type MarkedLine } from './text-diff.ts';
export { threadEnvironment } from './thread-environment.ts';
export { TokenBucket } from './token-bucket.ts';
export { trimEndOf } from './trim-end.ts';
export { uncheckedTls } from './unchecked-tls.ts';
export { waitOrAbort } from './wait-or-abort.ts';
export { dumpYaml } from './yaml/dump.ts';
export {
  appendEntry,
  fillEmpty,
  indentOf,
  isEmptyValue,
  removePair,
  replaceValue,
  replaceWithNull,
} from './yaml/edit.ts';
export { appendFlowItem, appendFlowPair, replaceInFlow } from './yaml/edit-flow.ts';
export { formatScalar } from './yaml/format-scalar.ts';
export { exceedsIndicators } from './yaml/indicators.ts';
export type { JsonValue } from './yaml/json.ts';
export { isJsonMap, type JsonMap } from './yaml/json-map.ts';
export { findEntry, nodeAt, type YamlEntry } from './yaml/lookup.ts';
export type { YamlAlias, YamlMapping, YamlNode, YamlPair, YamlScalar, YamlSequence } from './yaml/node.ts';
export { type BrokenYamlDocument, parseYamlDocument, parseYamlDocuments, type YamlDocument } from './yaml/parse.ts';
export { colonAfter } from './yaml/range.ts';
export { isExactNumber, parseExactJson } from './yaml/scalar.ts';
export { applyEdits, type TextEdit } from './yaml/text-edit.ts';
export { keyText } from './yaml/value.ts';
export { yieldTurn } from './yield.ts';
