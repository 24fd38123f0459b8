#!/usr/bin/env node
process.stderr.write('fluxd: not built yet\n');
process.exitCode = 2;
