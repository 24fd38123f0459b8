import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { ARCHITECTURE, GO_VERSION, type GoTool } from '../contents.ts';
import { sha256OfFile } from '../layer.ts';
import type { Part } from '../part.ts';
import { goModulesOf } from '../sbom/go-modules.ts';
import { StaleLockError } from '../stale-lock.ts';

/** Everything that decides the bytes that Go writes, regardless of the machine's own settings. */
export const GO_ENVIRONMENT = {
  GOTOOLCHAIN: `go${GO_VERSION}`,
  GOOS: 'linux',
  GOARCH: ARCHITECTURE,
  GOAMD64: 'v1',
  CGO_ENABLED: '0',
  GOEXPERIMENT: '',
  GOWORK: 'off',
  GOFLAGS: '-mod=readonly -trimpath -buildvcs=false',
};

export const TOOLS = join(import.meta.dirname, '../tools');

/** A Go command, built from the modules that its go.mod names and its go.sum pins. */
export async function goToolPart(tool: GoTool, tools = TOOLS): Promise<Part> {
  const module = join(tools, tool.name);
  const files = (await readdir(module)).sort();
  const sources = await Promise.all(files.map(async (file) => `${file}\n${await readFile(join(module, file), 'utf8')}`));
  const version = lockedVersion(sources.join('\n'), tool);
  const variables = Object.entries(tool.variables(version)).map(([name, value]) => ` -X ${name}=${value}`);
  const ldflags = `-s -w${variables.join('')}`;
  return {
    name: tool.name,
    inputs: [...sources, await readFile(import.meta.filename, 'utf8'), JSON.stringify([GO_ENVIRONMENT, ldflags, tool.package])],
    stage: async (root) => {
      const bin = join(root, 'usr/local/bin');
      await mkdir(bin, { recursive: true });
      const binary = join(bin, tool.name);
      await fetchModules(module, `${tool.module} ${version}`);
      await run('go', ['build', `-ldflags=${ldflags}`, '-o', binary, tool.package], { cwd: module, env: GO_ENVIRONMENT });
      const modules = goModulesOf(await run('go', ['version', '-m', binary], { env: GO_ENVIRONMENT }));
      const purl = `pkg:golang/${tool.module}@${version}`;
      return [{ name: tool.name, version, purl, sha256: await sha256OfFile(binary), parts: modules }];
    },
  };
}

/** Fetches what go.sum pins. @throws StaleLockError when the proxy has it no more */
export async function fetchModules(module: string, what: string): Promise<void> {
  await run('go', ['mod', 'download'], { cwd: module, env: GO_ENVIRONMENT }).catch((error: Error) => {
    if (/404 Not Found|410 Gone|unknown revision|no matching versions/.test(error.message)) {
      throw new StaleLockError(`${what}, or a module that it needs,`, `the Go module proxy:\n${error.message}`, error);
    }
    throw error;
  });
}

/** The version of the tool that its go.mod asks for. @throws Error when there is none */
export function lockedVersion(goMod: string, { name, module }: Pick<GoTool, 'name' | 'module'>): string {
  const version = goMod.match(new RegExp(`^(?:require)?\\s*${module.replaceAll('.', '\\.')} (v\\S+)`, 'm'))?.[1];
  if (version === undefined) throw new Error(`tools/${name}/go.mod does not require ${module}`);
  return version;
}
