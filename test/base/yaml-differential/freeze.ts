// Writes test/fixtures/yaml/answers.json anew; run.sh builds the reader.
import { freeze } from './answers.ts';
import { startReader } from './kubernetes-reader.ts';

const reader = startReader(process.env.YAML_READER ?? '');
await freeze(reader);
reader.close();
