import { expect } from 'vitest';
import type { Installation } from './flux.ts';
import { until } from './until.ts';

/** The web page as a browser gets it through `fluxctl ui`, signed in. */
export interface PageOfFlux extends AsyncDisposable {
  /** What the page reads of `/api/v1`, with other headers than those of its session where they are given. */
  read(path: string, by?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Opens the page through the port-forward of `fluxctl ui`; it ends as Ctrl-C ends it. */
export async function openPage(flux: Installation): Promise<PageOfFlux> {
  const command = flux.startFluxctl('ui', '--no-browser');
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => {
    command.kill('SIGINT');
    expect((await command.finished).code).toBeUndefined();
  });
  let link: readonly string[] = [];
  await until('fluxctl ui prints a link', async () => {
    link = /^Open (\S+)#code=(\S+) /m.exec(command.output())?.slice(1) ?? [];
    return link.length > 0;
  });
  const [page = '', code] = link;
  const document = await (await fetch(page)).text();
  const script = /src="([^"]+\.js)"/.exec(document)?.[1] ?? '';
  expect((await fetch(new URL(script, page))).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  const headers = { origin: new URL(page).origin, 'content-type': 'application/json' };
  const sessions = new URL('/api/v1/ui/sessions', page);
  const { token } = (await (await fetch(sessions, { method: 'POST', headers, body: JSON.stringify({ code }) })).json()) as {
    token: string;
  };
  const done = opened.move();
  return {
    read: (path, by = { authorization: `Bearer ${token}` }) =>
      fetch(new URL(`/api/v1/${path}`, page), { headers: { ...headers, ...by } }),
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}
