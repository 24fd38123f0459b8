const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Whether a text is an RFC 1123 label, the syntax of Namespace names. */
export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text);
}
