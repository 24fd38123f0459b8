import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { backoffMs, type Clock, type Logger, messageOf } from '../../base/index.ts';
import type { CommandRunner } from '../command-runner.ts';
import type { RunLimits } from '../limits.ts';
import { HelperRunner } from './helper-runner.ts';
import { missingLayer } from './missing-layer.ts';

export interface NetworkRunnerOptions {
  /** Where the helper listens. */
  readonly host: string;
  readonly port: number;
  /** The folder of `tls.crt` and `tls.key`, which only fluxd and the helper have. They are read for each connection, as they may be renewed. */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: RunLimits;
}

/** Of a connection with its handshake. */
const DIAL_MS = 10_000;
const PAUSE = { initialMs: 500, maxMs: 10_000 };
/** A helper whose node is gone is noticed so. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Runs commands that may use the network, at the helper in a pod of its own. fluxd dials it, so that no port of fluxd is open to that pod.
 * Either side shows the same certificate and takes no other, so that the connection is proof of the key that only the two have.
 */
export function createNetworkRunner(options: NetworkRunnerOptions): CommandRunner {
  const { host, port, clock } = options;
  const where = `${host}:${port}`;
  const helper = new HelperRunner({
    ...options,
    absence: `the sandbox with network is not connected at ${where}`,
    help: 'Look at the log and the events of the pod of the sandbox with network; docs/generation.md says what it needs.',
    lacks: (layers) => (layers.network === 'confined' ? missingLayer(layers) : 'it does not give commands network'),
  });
  const closing = new AbortController();
  const { signal } = closing;

  async function keepConnected(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        failures = (await helper.serve(await dial(options, signal))) ? 0 : failures + 1;
      } catch (error) {
        if (signal.aborted) return;
        helper.failed(messageOf(error));
        failures += 1;
      }
      // It ends early only when the runner is closed.
      await clock.sleep(backoffMs(failures, PAUSE), { signal }).catch(() => undefined);
    }
  }

  const connecting = keepConnected();
  return {
    run: (run, cancellable) => helper.run(run, cancellable),
    layers: () => helper.layers(),
    async close() {
      closing.abort(new Error('the runner of commands was closed'));
      await helper.close();
      await connecting;
    },
  };
}

/** @throws when there is no connection, or the other side does not show our own certificate */
async function dial({ host, port, identity, clock }: NetworkRunnerOptions, signal: AbortSignal): Promise<Socket> {
  const [cert, key] = await Promise.all([readFile(join(identity, 'tls.crt')), readFile(join(identity, 'tls.key'))]);
  const own = new X509Certificate(cert);
  using deadline = clock.deadline(DIAL_MS, signal);
  const socket = connect({
    host,
    port,
    cert,
    key,
    ca: cert,
    // One of an issuer is trusted without that issuer, who may have others.
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.3',
    checkServerIdentity: (_host, { raw }) =>
      own.raw.equals(raw) ? undefined : new Error('it does not show the certificate that it shares with fluxd'),
  });
  try {
    await once(socket, 'secureConnect', { signal: deadline.signal });
  } catch (error) {
    // Without a listener a later error would be thrown.
    socket.on('error', () => undefined).destroy();
    throw error;
  }
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
}
