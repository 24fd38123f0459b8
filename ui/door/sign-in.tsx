import { useEffect, useState } from 'preact/hooks';
import type { ProblemWire } from '../../src/api/wire/index.ts';
import { sentence } from '../text/sentence.ts';
import { providerOf } from './oidc.ts';
import { type Door, signIn, signInAtProvider } from './session.ts';

interface Props {
  readonly by: Door;
  readonly problem?: ProblemWire | undefined;
}

/** How to get a session. */
export function SignIn({ by, problem }: Props) {
  return (
    <main class="door">
      <h1>Flux</h1>
      {problem && (
        <p class="door-problem" role="alert">
          {sentence(problem.detail)}
          {problem.code.startsWith('oidc/') && problem.help !== undefined && ` ${problem.help}`}
        </p>
      )}
      {by === 'code' ? <Code /> : <ByTls />}
    </main>
  );
}

function Code() {
  return (
    <>
      <p>Open this page from a terminal. A link works once, for a minute:</p>
      <pre class="door-command">fluxctl ui</pre>
    </>
  );
}

function ByTls() {
  const [issuer, setIssuer] = useState<string>();
  useEffect(() => void providerOf().then(setIssuer), []);
  return (
    <>
      {issuer !== undefined && <Provider issuer={issuer} />}
      <Token />
    </>
  );
}

function Provider({ issuer }: { readonly issuer: string }) {
  const [isLeaving, setLeaving] = useState(false);
  return (
    <div class="door-provider">
      <button
        type="button"
        disabled={isLeaving}
        onClick={() => {
          setLeaving(true);
          void signInAtProvider().then(() => setLeaving(false));
        }}
      >
        Sign in at {new URL(issuer).host}
      </button>
      <p class="hint">Or with a token of the cluster:</p>
    </div>
  );
}

function Token() {
  const [token, setToken] = useState('');
  return (
    <form
      class="door-form"
      onSubmit={(event) => {
        event.preventDefault();
        void signIn(token.trim());
      }}
    >
      <label for="token">Kubernetes token</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        required
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
      />
      <p class="hint">
        Its user needs the right to <code>get</code> the non-resource URLs <code>/fluxd/api/v1/*</code>. A token for one hour:
      </p>
      <pre class="door-command">kubectl create token NAME --duration=1h</pre>
      <button type="submit">Sign in</button>
    </form>
  );
}
