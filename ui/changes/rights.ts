import { createContext } from 'preact';
import type { PageRightsWire } from '../../src/api/wire/index.ts';

/** What the page may do. */
export const Rights = createContext<PageRightsWire>({ may: 'read-only' });
