import { Fragment } from 'preact';
import { partsOfImage } from './image-name.ts';

/** The name of an image, which breaks after a slash and before its tag, where it has to. */
export function ImageName({ name }: { readonly name: string }) {
  return (
    <code>
      {partsOfImage(name).map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </code>
  );
}
