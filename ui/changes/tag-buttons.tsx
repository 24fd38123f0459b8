import type { WhyWire } from '../../src/api/wire/index.ts';
import { withTag } from '../text/image-name.ts';
import { ChangeButton } from './change-button.tsx';

interface Props {
  readonly on: {
    readonly id: string;
    readonly container: string;
    /** The reference in Git. */
    readonly image: string;
    /** The bans in Git, separated by commas. */
    readonly bans: string;
    readonly source: string | undefined;
  };
  readonly tag: WhyWire['tags'][number]['tags'][number];
}

/** What may be done with a tag that was considered for a container. */
export function TagButtons({ on: { id, container, image, bans, source }, tag: { tag, code } }: Props) {
  const where = { on: `${container} of ${id}`, source };
  if (code === 'banned') {
    const ban = banOf(bans, tag);
    // A digest that is banned under another name is left to people who know which it is.
    return ban === undefined ? null : <ChangeButton act={{ type: 'unban', id, container, ban }} label="Lift ban" {...where} />;
  }
  const update = { container, current: image, target: withTag(image, tag) };
  return (
    <div class="change-bar">
      {code !== 'current' && <ChangeButton act={{ type: 'release', id, update }} label="Release" {...where} />}
      <ChangeButton act={{ type: 'ban', id, container, ban: tag }} label="Ban" {...where} />
    </div>
  );
}

/** The ban that names the tag, as it is written. */
function banOf(bans: string, tag: string): string | undefined {
  const all = bans.split(',').map((ban) => ban.trim());
  return all.find((ban) => ban === tag || ban.startsWith(`${tag}@`));
}
