import type { ImageScansWire } from '../../src/api/wire/index.ts';
import { Time } from '../text/time.tsx';

type Host = NonNullable<ImageScansWire['hosts']>[number];

/** Registries, and the requests that each still answers. */
export function Hosts({ hosts }: { readonly hosts: readonly Host[] }) {
  if (hosts.length === 0) return null;
  return (
    <section class="table-frame stacking">
      <table>
        <caption>Hosts</caption>
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col" class="number">
              Repositories
            </th>
            <th scope="col" class="number">
              Failing
            </th>
            <th scope="col">Requests left</th>
          </tr>
        </thead>
        <tbody>
          {hosts.map((host) => (
            <tr key={host.name}>
              <td>{host.name}</td>
              <td class="number" data-name="Repositories">
                {host.repositories}
              </td>
              <td class="number" data-name="Failing">
                {host.failed}
              </td>
              <td data-name="Requests left">
                <Budget host={host} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Budget({ host: { budgets, rateLimitedUntil } }: { readonly host: Host }) {
  if (rateLimitedUntil !== undefined)
    return (
      <>
        asks to wait, until <Time at={rateLimitedUntil} />
      </>
    );
  if (budgets.length === 0) return <span class="hint">no limit is known</span>;
  return (
    <ul>
      {budgets.map(({ account, remaining, limit, resetAt }) => (
        <li key={account ?? ''}>
          {remaining} of {limit}
          {account === undefined ? ', anonymous' : `, as ${account}`}
          {resetAt !== undefined && (
            <>
              , new ones <Time at={resetAt} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
