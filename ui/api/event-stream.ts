/** One server-sent event (HTML standard, 9.2.6), as far as the page needs it. */
export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

/** Longer lines are no events of fluxd. */
const MAX_LINE = 1_000_000;

/** Reads events from a stream until it ends. Comments, which keep the connection open, are events of type `heartbeat`. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = '';
  let [type, data] = ['message', ''];
  for await (const text of textOf(stream)) {
    rest += text;
    const lines = rest.split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error('a line of the stream is too long');
    for (const line of lines) {
      if (line === '' && data !== '') yield { type, data };
      if (line === '') [type, data] = ['message', ''];
      else if (line.startsWith(':')) yield { type: 'heartbeat', data: '' };
      else if (line.startsWith('event:')) type = fieldValue(line);
      else if (line.startsWith('data:')) data = data === '' ? fieldValue(line) : `${data}\n${fieldValue(line)}`;
    }
  }
}

function fieldValue(line: string): string {
  const value = line.slice(line.indexOf(':') + 1);
  return value.startsWith(' ') ? value.slice(1) : value;
}

async function* textOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel();
  }
}
