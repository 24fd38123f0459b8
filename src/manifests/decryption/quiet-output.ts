import { FluxError } from '../../base/index.ts';
import type { ParsedFile } from '../finding.ts';
import type { DocumentProblem } from '../problem.ts';

/** What was rendered from decrypted files or values of Secrets: marked, and without the words of problems, which may quote names of fields. */
export function quietOutput({ objects, errors, warnings }: ParsedFile): ParsedFile {
  return { objects, errors: errors.map(quiet), warnings: warnings.map(quiet), isConfidential: true };
}

function quiet({ error, document, item }: DocumentProblem): DocumentProblem {
  return {
    ...(document === undefined ? {} : { document }),
    ...(item === undefined ? {} : { item }),
    error: new FluxError(`what is rendered from encrypted files, or values of Secrets, has a problem: ${error.code}`, {
      code: error.code,
      fault: error.fault,
      help: 'Nothing of it is shown. Render the folder with them in a clone of the repository.',
    }),
  };
}
