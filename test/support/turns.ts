/** Counts turns of the event loop: what waits for its turn meanwhile, such as a request to the API, gets as many. */
export function countTurns(): { readonly turns: number; stop(): void } {
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  return {
    get turns() {
      return turns;
    },
    stop: () => clearImmediate(next),
  };
}
