interface Props {
  readonly name: string;
  readonly used: number | undefined;
  readonly request: number | undefined;
  readonly limit: number | undefined;
  readonly format: (amount: number) => string;
  /** Whether usage could be read at all. */
  readonly isMeasured: boolean;
}

/** From which part of its limit on a container counts as near it. */
const NEAR = 0.9;
const WIDTH = 100;

/** What a container uses of a resource, beside what it requests and may use: in numbers, and as a bar. */
export function Usage({ name, used, request, limit, format, isMeasured }: Props) {
  const warning = warningOf({ used, request, limit });
  return (
    <div class="usage">
      <p class="usage-line">
        <span class="usage-name">{name}</span>
        <span class="usage-number">{used !== undefined ? format(used) : isMeasured ? 'not measured' : ''}</span>
      </p>
      <Bar used={used} request={request} limit={limit} />
      <p class="hint usage-bounds">
        <span>{request === undefined ? 'no request' : `request ${format(request)}`},</span>{' '}
        <span>{limit === undefined ? 'no limit' : `limit ${format(limit)}`}</span>
        {warning !== undefined && <strong class="usage-warning">{warning}</strong>}
      </p>
    </div>
  );
}

type Numbers = Pick<Props, 'used' | 'request' | 'limit'>;

function warningOf({ used, request, limit }: Numbers): string | undefined {
  if (used === undefined) return undefined;
  if (limit !== undefined && used >= NEAR * limit) return 'near its limit';
  return request !== undefined && used > request ? 'above its request' : undefined;
}

/** Up to the limit, or to the request where there is none, with a line at the request. The numbers beside it say the same. */
function Bar({ used, request, limit }: Numbers) {
  const whole = limit ?? request;
  if (used === undefined || whole === undefined || whole <= 0) return null;
  const share = (amount: number) => Math.min(1, amount / whole) * WIDTH;
  return (
    <svg class="usage-bar" viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="usage-whole" x="0" y="0" width={WIDTH} height="6" />
      <rect
        class={warningOf({ used, request, limit }) === undefined ? 'usage-used' : 'usage-used usage-high'}
        x="0"
        y="0"
        width={share(used)}
        height="6"
      />
      {request !== undefined && limit !== undefined && request < limit && (
        <line class="usage-request" x1={share(request)} x2={share(request)} y1="0" y2="6" />
      )}
    </svg>
  );
}
