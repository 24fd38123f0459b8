/*
 * What one file may cost. Each bound holds while the file is read, so that no content of a repository fills the memory or the time
 * of the daemon (docs/threat-model.md, S-020, S-025). What is beyond is refused by name, everything else is read.
 */

/** One object of this size, as JSON, no API server takes (its limit on a request is 3 MiB). */
export const MAX_OBJECT_BYTES = 3 << 20;

/**
 * Values in one object: maps, lists and scalars. What is done with an object at once, such as writing its JSON, takes the longer the
 * more there are. A definition of a custom resource of 1 MiB has about 30,000.
 */
export const MAX_OBJECT_VALUES = 50_000;

/** Documents of one file, empty ones included. */
export const MAX_DOCUMENTS = 20_000;

/** Errors of one file, after which the rest of it is not read; and warnings, after which no more are kept. */
export const MAX_PROBLEMS = 100;

/** A longer file is read by a thread of its own: reading as much of the worst content takes about 30 ms. In bytes. */
export const MAX_INLINE_LENGTH = 4 << 10;

/** How long that thread may work on one file. */
export const READ_MS = 20_000;

/** Memory of that thread for what it reads, in MiB. The bounds above keep far below it, since V8 may end the process at this one. */
export const READ_MEMORY_MIB = 512;
