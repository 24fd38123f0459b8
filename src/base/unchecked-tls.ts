const VARIABLE = 'NODE_TLS_REJECT_UNAUTHORIZED';

/**
 * Why a program must not start in this environment: Node would send credentials to servers without verifying their certificates.
 * Undefined if it may start.
 */
export function uncheckedTls(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment[VARIABLE] !== '0') return undefined;
  return `environment variable ${VARIABLE}=0 is not allowed, because it disables the verification of certificates; unset it, and add CAs with NODE_EXTRA_CA_CERTS`;
}
