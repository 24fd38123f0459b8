const VARIABLE = 'NODE_TLS_REJECT_UNAUTHORIZED';

/**
 * Why a program must not start in this environment: Node would send credentials to servers whose certificates it does not check.
 * Undefined when it may.
 */
export function uncheckedTls(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment[VARIABLE] !== '0') return undefined;
  return `environment variable ${VARIABLE}=0 is refused: no certificate would be checked; unset it, and name further CAs with NODE_EXTRA_CA_CERTS`;
}
