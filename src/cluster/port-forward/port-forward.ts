import { createServer, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { FluxError } from '../../base/index.ts';
import { forwardFailure, isPodGone, unansweredInPod } from './advice.ts';
import { loadForClient } from './connection.ts';
import { findPod, type PodSource } from './find-pod.ts';

export interface PortForwardOptions extends PodSource {
  /** Port of the pod. */
  readonly port: number;
}

export interface PortForward {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Why the last connection failed; the client of the local port only sees that it was closed. */
  failure(): FluxError | undefined;
  close(): void;
}

/**
 * Forwards a free port of 127.0.0.1 to the daemon's pod.
 * @throws FluxError worded as in Flux v1: `cluster/no-pod`, `cluster/ambiguous-pod`, `cluster/no-config`, `cluster/bad-config`.
 */
export async function openPortForward(options: PortForwardOptions): Promise<PortForward> {
  const kubeconfig = await loadForClient(options);
  const { PortForward: Forwarder } = await import('@kubernetes/client-node');
  let pod = await findPod(kubeconfig, options);
  const forwarder = new Forwarder(kubeconfig.config);
  const open = new Set<Socket>();
  const { namespace, port: podPort } = options;
  let failure: FluxError | undefined;
  const connect = (socket: Socket, complaints: Writable) =>
    forwarder.portForward(namespace, pod, [podPort], socket, complaints, socket);
  const connectAnew = async (socket: Socket, complaints: Writable) => {
    try {
      return await connect(socket, complaints);
    } catch (error) {
      if (!isPodGone(error)) throw error;
      // Another pod has replaced it meanwhile.
      pod = await findPod(kubeconfig, options);
      return connect(socket, complaints);
    }
  };
  const server = createServer((socket) => {
    failure = undefined;
    open.add(socket);
    const giveUp = (error: FluxError) => {
      failure = error;
      socket.destroy();
    };
    const complaints = new Writable({
      write(text: Buffer, _encoding, done) {
        if (text.length > 0) giveUp(unansweredInPod(text.toString(), { namespace, pod, port: podPort }));
        done();
      },
    });
    socket.on('close', () => open.delete(socket));
    // The other end reports a broken connection; a socket without a listener would end the process.
    socket.on('error', () => socket.destroy());
    connectAnew(socket, complaints).then(
      (connection) => {
        const ws = typeof connection === 'function' ? connection() : connection;
        ws?.addEventListener('close', () => socket.destroy());
        // The client has read everything; waiting for the server to close as well would take up to half a minute.
        const end = () => ws?.terminate();
        if (socket.destroyed) end();
        else socket.on('close', end);
      },
      (error: unknown) => giveUp(error instanceof FluxError ? error : forwardFailure(error, { namespace, pod })),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    failure: () => failure,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
