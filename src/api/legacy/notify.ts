import type { NotifiedChange } from '../../controller/index.ts';
import { badRequest } from '../status.ts';
import { parseFirstJson } from './first-value.ts';
import { anything, struct, text } from './go-value.ts';

const change = struct({ Kind: text, Source: anything });
const gitSource = struct({ URL: text, Branch: text });
const imageSource = struct({ Name: struct({ Domain: text, Image: text }) });

/** Parses the body of `POST /v11/notify`: a change in a repository or registry. */
export function decodeChange(body: string): NotifiedChange {
  const { Kind, Source } = change(parseFirstJson(body), '');
  switch (Kind) {
    case 'git': {
      const { URL, Branch } = gitSource(Source, 'Source');
      return { kind: 'git', url: URL, branch: Branch };
    }
    case 'image': {
      const { Domain, Image } = imageSource(Source, 'Source').Name;
      return { kind: 'image', domain: Domain, image: Image };
    }
    default:
      throw badRequest('unknown kind of change', { help: 'Kind is "git" or "image".' });
  }
}
