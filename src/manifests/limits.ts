/*
 * Limits for one file. They are enforced while the file is read, so that no repository content exhausts the daemon's memory or time
 * (docs/threat-model.md, S-020, S-025). Content beyond them is refused with an error; the rest is read.
 */

/** Size limit of an object as JSON; an API server accepts at most 3 MiB in a request. */
export const MAX_OBJECT_BYTES = 3 << 20;

/**
 * Limit of values in one object: maps, lists and scalars. Synchronous operations on an object, such as writing its JSON, take time in
 * proportion to them. A CustomResourceDefinition of 1 MiB has about 30,000.
 */
export const MAX_OBJECT_VALUES = 50_000;

/** Limit of documents in one file, including empty ones. */
export const MAX_DOCUMENTS = 20_000;

/** Limit of errors in one file, after which the rest is not read, and of warnings, after which others are dropped. */
export const MAX_PROBLEMS = 100;

/** Size in bytes above which a file is read by a separate thread: the worst content of this size takes about 30 ms. */
export const MAX_INLINE_LENGTH = 4 << 10;

/** Timeout of that thread for one file. */
export const READ_MS = 20_000;

/** Heap limit of that thread, in MiB. The limits above keep it far below, since V8 may end the process at this one. */
export const READ_MEMORY_MIB = 512;
