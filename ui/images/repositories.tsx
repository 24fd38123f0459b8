import type { ImageScansWire } from '../../src/api/wire/index.ts';
import { useShowMore } from '../shell/show-more.tsx';
import { ImageName } from '../text/image-name.tsx';
import { sentence } from '../text/sentence.ts';
import { Time } from '../text/time.tsx';

type Repository = ImageScansWire['repositories'][number];

/** When each image repository was read, and when it is read again; those that fail first. */
export function Repositories({ repositories }: { readonly repositories: readonly Repository[] }) {
  const { shown, button } = useShowMore(repositories.length);
  const ordered = repositories.toSorted((a, b) => Number(b.error !== undefined) - Number(a.error !== undefined));
  return (
    <section class="table-frame stacking">
      <table>
        <caption>Image repositories</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">
              Tags
            </th>
            <th scope="col">Read</th>
            <th scope="col">Read again</th>
          </tr>
        </thead>
        <tbody>
          {ordered.slice(0, shown).map((repository) => (
            <tr key={repository.name}>
              <td>
                <ImageName name={repository.name} />
                {repository.error && <p class="failure">{sentence(repository.error.message)}</p>}
              </td>
              <td class="number" data-name="Tags">
                {repository.tags.toLocaleString('en')}
              </td>
              <td data-name="Read">{repository.scannedAt === undefined ? 'not yet' : <Time at={repository.scannedAt} />}</td>
              <td data-name="Read again">
                {repository.scanning ? 'now' : repository.nextAt === undefined ? '' : <Time at={repository.nextAt} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {button}
    </section>
  );
}
