import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { encodeFrame, type Frame, FrameReader } from '../../src/sandbox/container/frames.ts';

const anything = z.looseObject({ type: z.string(), size: z.number().optional() });
export type Sent = z.infer<typeof anything>;

export const HELLO = {
  type: 'hello',
  protocol: 2,
  layers: { user: 10_002, landlock: 7, seccomp: true, memory: 1024, network: 'none' },
};

/** A peer that speaks the protocol, as far as a test makes it. */
export class ImitationHelper {
  readonly socket: Socket;
  readonly #received: Frame<Sent>[] = [];
  #closed = false;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader((header) => anything.parse(header));
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(...reader.read(chunk));
      this.#wake.resolve();
    });
    socket.on('error', () => undefined); // fluxd closed it
    socket.on('close', () => {
      this.#closed = true;
      this.#wake.resolve();
    });
  }

  /** Connects, and says hello. */
  static async dial(path: string, hello: object | 'silent' = HELLO): Promise<ImitationHelper> {
    const socket = connect(path);
    await once(socket, 'connect');
    return ImitationHelper.at(socket, hello);
  }

  /** Says hello over a connection. */
  static at(socket: Socket, hello: object | 'silent' = HELLO): ImitationHelper {
    const helper = new ImitationHelper(socket);
    if (hello !== 'silent') helper.send(hello);
    return helper;
  }

  send(message: object, payload?: Buffer | string): void {
    this.socket.write(encodeFrame(message, payload === undefined ? undefined : Buffer.from(payload)));
  }

  /** The next frame; undefined once the connection is closed. */
  async receive(): Promise<Frame<Sent> | undefined> {
    for (;;) {
      const frame = this.#received.shift();
      if (frame || this.#closed) return frame;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  async closed(): Promise<void> {
    while ((await this.receive()) !== undefined);
  }
}
