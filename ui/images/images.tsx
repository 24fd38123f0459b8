import type { ImageScansWire } from '../../src/api/wire/index.ts';
import { useLiveList } from '../api/use-live.ts';
import { LiveView } from '../shell/live-view.tsx';
import { Notice } from '../shell/notice.tsx';
import type { ImageFilter } from '../shell/route.ts';
import { plural, sentence } from '../text/sentence.ts';
import { Decisions } from './decisions.tsx';
import { Hosts } from './hosts.tsx';
import { Repositories } from './repositories.tsx';

/** What automation does with images, and what is known of the repositories in use. */
export function Images({ filter }: { readonly filter: ImageFilter }) {
  const live = useLiveList<'repositories', ImageScansWire>('/images/scans', 'repositories');
  return (
    <>
      <h1>Images</h1>
      <Decisions filter={filter} />
      <section class="images-part" aria-labelledby="registries-title">
        <h2 id="registries-title">Registries</h2>
        <LiveView live={live}>{(scans) => <Known scans={scans} />}</LiveView>
      </section>
    </>
  );
}

function Known({ scans: { repositories, hosts = [], cacheFailure, disabled } }: { readonly scans: ImageScansWire }) {
  if (disabled) return <Notice title="Images are not scanned: fluxd runs with --registry-disable-scanning." />;
  return (
    <>
      {cacheFailure && (
        <Notice title="Metadata of images is not remembered over restarts">
          <p>{sentence(cacheFailure.error.message)}</p>
        </Notice>
      )}
      <p class="hint">{plural(repositories.length, 'image repository', 'image repositories')}</p>
      <Hosts hosts={hosts} />
      <Repositories repositories={repositories} />
    </>
  );
}
