/**
 * Notifications. The controller reports what a sync or a job did, and a *notifier* passes it to each *sink*: the event stream of the API,
 * and the Kubernetes Events that `kubectl describe` shows. A sink that fails, or takes long, delays neither the sync nor another sink.
 */
export type { Notification, Sink } from './notification.ts';
export { createNotifier, type Notifier } from './notifier.ts';
export { eventStream } from './sinks/event-stream.ts';
export { kubernetesEvents } from './sinks/kubernetes-events.ts';
