#!/usr/bin/env node
import packageJson from '../package.json' with { type: 'json' };
import { main } from '../src/cli/index.ts';

const { version } = packageJson;
const { env, stdout, stderr } = process;
// A reader that closes the pipe early (`| head`) is not an error.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
void main({ argv: process.argv.slice(2), env, stdout, stderr, version }).then((code) => {
  process.exitCode = code;
});
