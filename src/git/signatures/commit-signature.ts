/** What git says about the signature of a commit. */
export interface CommitSignature {
  readonly commit: string;
  /** The letter of `%G?`. */
  readonly grade: string;
  /** Id of the GPG key, or fingerprint of the SSH key; may be empty. */
  readonly key: string;
  /** May be empty. */
  readonly signer: string;
}

/** The format of `git log` for `commitSignatures`. */
export const SIGNATURE_FORMAT = '%H%x00%G?%x00%GK%x00%GS';

const FIELDS = 4;
/** Limit of a signer's name, which a key may choose. */
const LONGEST_NAME = 200;

/** Parses the output of `git log` in that format. */
export function commitSignatures(output: Buffer): readonly CommitSignature[] {
  const fields = output.toString('utf8').split('\0');
  const found: CommitSignature[] = [];
  for (let at = 0; at + FIELDS < fields.length; at += FIELDS) {
    const [commit = '', grade = '', key = '', signer = ''] = fields.slice(at, at + FIELDS);
    found.push({ commit: commit.trim(), grade: grade.trim(), key: plain(key), signer: plain(signer) });
  }
  return found;
}

/** Only a good signature by a trusted key counts (S-016). */
export function isValid({ grade }: CommitSignature): boolean {
  return grade === 'G';
}

/** What is wrong with a signature, as the end of a sentence about the commit. */
export function faultOf({ grade, key }: CommitSignature): string {
  const by = key === '' ? '' : ` ${key}`;
  switch (grade) {
    case 'B':
      return 'has a signature that does not match its content';
    case 'U':
      return `is signed by key${by}, which is not trusted`;
    case 'X':
      return `has a signature by key${by} that has expired`;
    case 'Y':
      return `is signed by key${by}, which has expired`;
    case 'R':
      return `is signed by key${by}, which was revoked`;
    case 'E':
      return `is signed by key${by}, which is unknown`;
    default:
      return 'is not signed';
  }
}

function plain(text: string): string {
  return text
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME);
}
