/**
 * Vite's module runner makes an async function from a string as it is loaded, only to count lines. Where no code can be made from
 * strings, it gets another one for that, once.
 */
const prototype = Object.getPrototypeOf(async () => undefined);
const real = Object.getOwnPropertyDescriptor(prototype, 'constructor');

Object.defineProperty(prototype, 'constructor', {
  configurable: true,
  get() {
    Object.defineProperty(prototype, 'constructor', real);
    return function AsyncFunction() {
      return async () => undefined;
    };
  },
});
