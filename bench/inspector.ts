import * as z from 'zod';

/** V8's inspector of another process (the Chrome DevTools Protocol). */
export interface Inspector {
  send(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>;
  /** The value of an expression. */
  evaluate(expression: string): Promise<unknown>;
  close(): void;
}

const answerSchema = z.object({
  id: z.number().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});
const valueSchema = z.object({ value: z.unknown() });

/** Connects to the address that `node --inspect` prints. */
export async function connectInspector(url: string): Promise<Inspector> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const waiting = new Map<number, PromiseWithResolvers<Readonly<Record<string, unknown>>>>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result = {}, error } = answerSchema.parse(JSON.parse(String(data)));
    if (id === undefined) return; // an event
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  const send = (method: string, params: object = {}) => {
    last += 1;
    const answer = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    waiting.set(last, answer);
    socket.send(JSON.stringify({ id: last, method, params }));
    return answer.promise;
  };
  return {
    send,
    async evaluate(expression) {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      return valueSchema.parse(result).value;
    },
    close: () => socket.close(),
  };
}
