import { expect, test } from 'vitest';
import { STAGES, stageOf } from '../../../src/cluster/apply/stage.ts';

const kinds = (text: string) =>
  text.split(' ').map((each) => {
    const [kind = '', group = ''] = each.split('@');
    return { group, kind };
  });

test.each([
  [0, 'Namespace CustomResourceDefinition@apiextensions.k8s.io'],
  [1, 'ServiceAccount Secret ConfigMap Service PersistentVolumeClaim Role@rbac.authorization.k8s.io StorageClass@storage.k8s.io'],
  [
    2,
    'Deployment@apps StatefulSet@apps DaemonSet@apps Job@batch CronJob@batch Ingress@networking.k8s.io HorizontalPodAutoscaler@autoscaling',
  ],
  // Also those that only share a name with a kind of Kubernetes.
  [3, 'Certificate@cert-manager.io Service@serving.knative.dev Job@example.com Service@gateway.networking.k8s.io'],
  [
    4,
    'ValidatingWebhookConfiguration@admissionregistration.k8s.io MutatingWebhookConfiguration@admissionregistration.k8s.io APIService@apiregistration.k8s.io ValidatingAdmissionPolicy@admissionregistration.k8s.io',
  ],
])('stage %i: %s', (stage, text) => {
  for (const kind of kinds(text)) expect([kind.kind, stageOf(kind)]).toEqual([kind.kind, stage]);
  expect(stage).toBeLessThan(STAGES);
});
