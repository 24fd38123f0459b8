import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { leave } from '../door/session.ts';
import { type Answer, hasEnded } from './answer.ts';
import { follow, type Live } from './live.ts';
import { type Paged, readAll, request } from './request.ts';

/** The token of the session. */
export const Token = createContext('');

/** What is at a path below `/api/v1`, as long as the component is shown; `lists` as in `Request`. */
export function useLive<T>(path: string, lists: readonly (keyof T & string)[] = []): Live<T> {
  return useFollowed(path, (token) => request<T>({ path, token, lists }));
}

/** What never changes at a path below `/api/v1`: it is asked for until it is answered. */
export function useFixed<T>(path: string): Live<T> {
  return useFollowed(path, (token) => request<T>({ path, token }), true);
}

/** All pages of a list, whose entries are in `key`. */
export function useLiveList<Key extends string, Page extends Paged<Key>>(path: string, key: Key): Live<Page> {
  return useFollowed(path, (token) => readAll<Key, Page>(path, token, key));
}

function useFollowed<T>(path: string, read: (token: string) => Promise<Answer<T>>, isFixed = false): Live<T> {
  const token = useContext(Token);
  const [live, setLive] = useState<Live<T>>({ kind: 'loading' });
  useEffect(() => {
    const stop = new AbortController();
    setLive({ kind: 'loading' });
    const unsubscribe = follow(() => read(token), stop.signal).subscribe((value) => {
      if (value.kind === 'refused' && hasEnded(value.problem)) leave(value.problem);
      else setLive(value);
      if (isFixed && (value.kind === 'current' || value.kind === 'refused')) stop.abort();
    });
    return () => {
      unsubscribe();
      stop.abort();
    };
  }, [path, token]);
  return live;
}
