import { z } from 'zod';
import type { Component } from './component.ts';

/** https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      link: z.boolean().optional(),
    }),
  ),
});

/** The packages that a lock file installs for use (not for development), each once: what a bundle may contain parts of. */
export function productionPackages(packageLock: string): readonly Component[] {
  const { packages } = lockSchema.parse(JSON.parse(packageLock));
  const found = Object.entries(packages).flatMap(
    ([path, { version, license, dev, optional, devOptional, link }]): Component[] => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      if (!path.includes('node_modules/') || version === undefined || dev || optional || devOptional || link) return [];
      return [
        {
          name,
          version,
          purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
          ...(license === undefined ? {} : { license: { expression: license } }),
        },
      ];
    },
  );
  // Several packages may have the same one beside them; CycloneDX gives doubles a name by chance.
  return [...new Map(found.map((each) => [each.purl, each])).values()];
}
