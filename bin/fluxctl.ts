#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { main } from '../src/cli/index.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
const { env, stdout, stderr } = process;
// A reader that has seen enough (`| head`) is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main({ argv: process.argv.slice(2), env, stdout, stderr, version });
