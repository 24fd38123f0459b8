/** Remote text for use in a message: it must not start a new line. A final line end stays, as in Flux v1. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n\v\f\u0085\u2028\u2029]+(?=.)/gs, ' ');
}
