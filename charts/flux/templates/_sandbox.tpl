{{- define "flux.sandbox" -}}
# Runs the commands of the repository: another user, without the token, the keys and the credentials of fluxd.
- name: sandbox
  image: {{ .Values.generation.sandbox.image | default (include "flux.image" .) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: ["/usr/local/bin/flux-sandbox"]
  env: []
  securityContext:
    {{- include "flux.sandboxSecurityContext" . | nindent 4 }}
  {{- with .Values.generation.sandbox.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - name: sandbox-socket
      mountPath: /run/flux-sandbox
      readOnly: true
    - name: sandbox-tmp
      mountPath: /tmp
{{- end -}}

{{- define "flux.sandboxSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10002
runAsGroup: 10002
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
seccompProfile:
  type: RuntimeDefault
{{- end -}}
