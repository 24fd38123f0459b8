import { useContext } from 'preact/hooks';
import type { WhyWire } from '../../src/api/wire/index.ts';
import { Rights } from '../changes/rights.ts';
import { TagButtons } from '../changes/tag-buttons.tsx';

interface Props {
  readonly why: WhyWire;
  readonly source: string | undefined;
}

/** For each container, the tags that were considered, newest first, and what became of each. */
export function Tags({ why: { id, links, tags }, source }: Props) {
  const mayChange = useContext(Rights).may === 'full' && id !== undefined;
  const factsOf = (kind: string, container?: string) =>
    links.find((link) => link.kind === kind && link.container === container)?.facts ?? [];
  return tags.map(({ container, tags: considered }) => {
    const image = factsOf('decision', container).find(({ name }) => name === 'image')?.value;
    const bans = factsOf('policies').find(({ name }) => name === `ban.${container}`)?.value ?? '';
    return (
      <section class="table-frame" key={container}>
        <table>
          <caption>
            Tags for container <code>{container}</code>
          </caption>
          <thead>
            <tr>
              <th scope="col">Tag</th>
              <th scope="col">Verdict</th>
              {mayChange && <th scope="col">Change</th>}
            </tr>
          </thead>
          <tbody>
            {considered.map((tag) => (
              <tr key={tag.tag}>
                <td>
                  <code>{tag.tag}</code>
                </td>
                <td>{tag.verdict}</td>
                {mayChange && (
                  <td>{image !== undefined && <TagButtons on={{ id, container, image, bans, source }} tag={tag} />}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    );
  });
}
