import type { WhyWire } from '../../src/api/wire/index.ts';

interface Props {
  readonly container: string;
  /** Newest first. */
  readonly tags: WhyWire['tags'][number]['tags'];
}

/** The tags that were considered for a container, and what became of each. */
export function Tags({ container, tags }: Props) {
  return (
    <section class="table-frame">
      <table>
        <caption>
          Tags for container <code>{container}</code>
        </caption>
        <thead>
          <tr>
            <th scope="col">Tag</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {tags.map(({ tag, verdict }) => (
            <tr key={tag}>
              <td>
                <code>{tag}</code>
              </td>
              <td>{verdict}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
