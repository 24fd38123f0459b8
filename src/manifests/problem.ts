import type { Problem } from '../resource/index.ts';

/** An error or warning for a document or object, without the path of its file. */
export type DocumentProblem = Omit<Problem, 'file'>;

/** An error or warning for a file of the repository. */
export interface FileProblem extends Problem {
  readonly file: string;
}
