import { conditionsOf, type Fields, fieldsOf, textOf } from '../object/fields.ts';
import { current, failed, type Health, inProgress } from './health.ts';

export function service(object: Fields): Health {
  const { type, clusterIP } = fieldsOf(object.spec);
  // As in kstatus, an external address is not required: many clusters have no load-balancer controller.
  return type === 'LoadBalancer' && textOf(clusterIP) === '' ? inProgress('it has no cluster IP yet') : current('ready');
}

export function persistentVolumeClaim(object: Fields): Health {
  const phase = textOf(fieldsOf(object.status).phase);
  if (phase === 'Bound') return current('bound');
  if (phase === 'Lost') return failed('its volume is lost');
  return inProgress(phase === '' ? 'not bound' : `not bound: ${phase}`);
}

export function podDisruptionBudget(object: Fields): Health {
  return typeof fieldsOf(object.status).observedGeneration === 'number'
    ? current('the allowed disruptions are computed')
    : inProgress('the allowed disruptions are not computed yet');
}

export function customResourceDefinition(object: Fields): Health {
  const conditions = conditionsOf(object);
  const refused = conditions.find(
    ({ type, status, reason }) => type === 'NamesAccepted' && status === 'False' && reason !== 'NotAccepted',
  );
  if (refused) return failed(`its names are refused: ${refused.message}`);
  const established = conditions.find(({ type }) => type === 'Established');
  if (established?.status === 'True') return current('established');
  return inProgress('not established');
}

/** Phases of Helm Operator (helm.fluxcd.io/v1) in which it waits for a change. */
const FAILED_PHASES: ReadonlySet<string> = new Set([
  'ChartFetchFailed',
  'DeployFailed',
  'Failed',
  'RollbackFailed',
  'RolledBack',
  'TestFailed',
]);

export function helmRelease(object: Fields): Health {
  const status = fieldsOf(object.status);
  const phase = textOf(status.phase);
  if (FAILED_PHASES.has(phase)) {
    const why = conditionsOf(object)
      .filter(({ status: is, message }) => is === 'False' && message !== '')
      .map(({ message }) => message);
    return failed([phase, ...why].join(': '));
  }
  // Helm Operator before 1.1 did not write a phase.
  const isOld = phase === '' && /^deployed$/i.test(textOf(status.releaseStatus));
  if (phase === 'Succeeded' || isOld) return current('released');
  return inProgress(phase === '' ? 'Helm Operator has not looked at it yet' : phase);
}
