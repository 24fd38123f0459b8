/** A text from the other end in a message of ours: it begins no line of its own. A line end that it ends with stays, as in Flux v1. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n\v\f\u0085\u2028\u2029]+(?=.)/gs, ' ');
}
