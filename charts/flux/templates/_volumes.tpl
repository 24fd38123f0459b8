{{- define "flux.volumes" -}}
# The token of the service account as Kubernetes mounts it by itself, but only where it is asked for.
- name: service-account
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
# Clones, and what git and ssh write while they work.
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmp.sizeLimit }}
- name: home
  emptyDir:
    sizeLimit: 64Mi
{{- if eq (default "" .Values.registry.cache.store) "disk" }}
- name: registry-cache
  {{- if .Values.registry.cache.claimName }}
  persistentVolumeClaim:
    claimName: {{ .Values.registry.cache.claimName }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.registry.cache.sizeLimit }}
  {{- end }}
{{- end }}
{{- with .Values.registry.cache.secretName }}
- name: registry-cache-key
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- if .Values.manifestGeneration }}
# The socket through which fluxd and the sandbox container talk; nothing else is shared.
- name: sandbox-socket
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
- name: sandbox-tmp
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.generation.sandbox.tmpSizeLimit }}
{{- end }}
{{- if eq (include "flux.hasGenerationNetwork" .) "true" }}
- name: generation-network
  secret:
    secretName: {{ default (include "flux.generationNetworkName" .) .Values.generation.network.secretName }}
    defaultMode: 0400
{{- end }}
- name: git-key
  secret:
    secretName: {{ include "flux.gitSecretName" . }}
    defaultMode: 0400
{{- with .Values.git.token.secretName }}
- name: git-token
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- with .Values.git.githubApp.secretName }}
- name: github-app
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- with .Values.git.pullRequests.secretName }}
- name: pull-request-token
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- with .Values.git.pullRequests.templateConfigMapName }}
- name: pull-request-template
  configMap:
    name: {{ . }}
{{- end }}
{{- with .Values.git.tls.secretName }}
- name: git-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- with .Values.git.tls.caConfigMapName }}
- name: git-ca
  configMap:
    name: {{ . }}
{{- end }}
{{- if not .Values.kube.externalConfig }}
- name: kubedir
  configMap:
    name: {{ include "flux.fullname" . }}-kube-config
{{- end }}
{{- if .Values.ssh.known_hosts }}
- name: sshdir
  configMap:
    name: {{ include "flux.fullname" . }}-ssh-config
    defaultMode: 0600
{{- end }}
{{- if .Values.git.config.enabled }}
- name: git-config
  secret:
    secretName: {{ include "flux.gitConfigSecretName" . }}
    defaultMode: 0400
{{- end }}
{{- if .Values.registry.acr.enabled }}
- name: acr-credentials
  {{- if .Values.registry.acr.secretName }}
  secret:
    secretName: {{ .Values.registry.acr.secretName }}
    defaultMode: 0400
  {{- else }}
  hostPath:
    path: {{ .Values.registry.acr.hostPath }}
    type: ""
  {{- end }}
{{- end }}
{{- with .Values.registry.verify.keysSecretName }}
- name: image-keys
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- with .Values.registry.verify.trustRootConfigMapName }}
- name: trust-root
  configMap:
    name: {{ . }}
{{- end }}
{{- if .Values.registry.dockercfg.enabled }}
- name: docker-credentials
  secret:
    secretName: {{ .Values.registry.dockercfg.secretName }}
{{- end }}
{{- with .Values.gpgKeys.secretName }}
- name: gpg-keys
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- if and .Values.sops.enabled .Values.sops.ageKeySecret.name }}
- name: sops-age
  secret:
    secretName: {{ .Values.sops.ageKeySecret.name }}
    defaultMode: 0400
{{- end }}
{{- with .Values.git.allowedSigners.configMapName }}
- name: allowed-signers
  configMap:
    name: {{ . }}
{{- end }}
{{- with .Values.git.signingKeySecret.name }}
- name: signing-key
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- with .Values.gpgKeys.configMapName }}
- name: gpg-public-keys
  configMap:
    name: {{ . }}
    defaultMode: 0400
{{- end }}
{{- if and .Values.uiOidc.issuer .Values.uiOidc.clientSecretName }}
- name: ui-oidc
  secret:
    secretName: {{ .Values.uiOidc.clientSecretName }}
    items:
    - key: {{ .Values.uiOidc.clientSecretKey | quote }}
      path: client-secret
    defaultMode: 0400
{{- end }}
{{- with .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- if .Values.webhook.enabled }}
- name: webhook
  secret:
    secretName: {{ .Values.webhook.secretName }}
    defaultMode: 0400
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "flux.volumeMounts" -}}
- name: service-account
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
- name: tmp
  mountPath: /tmp
- name: home
  mountPath: /home/flux
{{- if eq (default "" .Values.registry.cache.store) "disk" }}
- name: registry-cache
  mountPath: /var/cache/fluxd
{{- end }}
{{- if .Values.registry.cache.secretName }}
- name: registry-cache-key
  mountPath: /etc/fluxd/registry-cache
  readOnly: true
{{- end }}
{{- if .Values.manifestGeneration }}
- name: sandbox-socket
  mountPath: /run/flux-sandbox
{{- end }}
- name: git-key
  mountPath: /etc/fluxd/ssh
  readOnly: true
{{- /* Without subPath, so that a Secret that changes is seen. */}}
{{- if .Values.git.token.secretName }}
- name: git-token
  mountPath: /etc/fluxd/git-token
  readOnly: true
{{- end }}
{{- if .Values.git.githubApp.secretName }}
- name: github-app
  mountPath: /etc/fluxd/github-app
  readOnly: true
{{- end }}
{{- if .Values.git.pullRequests.secretName }}
- name: pull-request-token
  mountPath: /etc/fluxd/pull-request-token
  readOnly: true
{{- end }}
{{- if .Values.git.pullRequests.templateConfigMapName }}
- name: pull-request-template
  mountPath: /etc/fluxd/pull-request-template
  readOnly: true
{{- end }}
{{- if .Values.git.tls.secretName }}
- name: git-tls
  mountPath: /etc/fluxd/git-tls
  readOnly: true
{{- end }}
{{- if .Values.git.tls.caConfigMapName }}
- name: git-ca
  mountPath: /etc/fluxd/git-ca
  readOnly: true
{{- end }}
{{- if not .Values.kube.externalConfig }}
- name: kubedir
  mountPath: /etc/fluxd/kube
  readOnly: true
{{- end }}
{{- if .Values.ssh.known_hosts }}
- name: sshdir
  mountPath: /home/flux/.ssh
  readOnly: true
{{- end }}
{{- if .Values.git.config.enabled }}
- name: git-config
  mountPath: /home/flux/.gitconfig
  subPath: gitconfig
  readOnly: true
{{- end }}
{{- if .Values.registry.acr.enabled }}
- name: acr-credentials
  mountPath: {{ ternary "/etc/kubernetes/" "/etc/kubernetes/azure.json" (not (empty .Values.registry.acr.secretName)) }}
  readOnly: true
{{- end }}
{{- if .Values.registry.verify.keysSecretName }}
- name: image-keys
  mountPath: /etc/fluxd/image-keys
  readOnly: true
{{- end }}
{{- if .Values.registry.verify.trustRootConfigMapName }}
- name: trust-root
  mountPath: /etc/fluxd/trust-root
  readOnly: true
{{- end }}
{{- if .Values.registry.dockercfg.enabled }}
- name: docker-credentials
  mountPath: /dockercfg/
  readOnly: true
{{- end }}
{{- if .Values.gpgKeys.secretName }}
- name: gpg-keys
  mountPath: /etc/fluxd/gpg/private
  readOnly: true
{{- end }}
{{- if and .Values.sops.enabled .Values.sops.ageKeySecret.name }}
- name: sops-age
  mountPath: /etc/fluxd/sops/age
  readOnly: true
{{- end }}
{{- if .Values.git.allowedSigners.configMapName }}
- name: allowed-signers
  mountPath: /etc/fluxd/allowed-signers
  readOnly: true
{{- end }}
{{- if .Values.git.signingKeySecret.name }}
- name: signing-key
  mountPath: /etc/fluxd/signing
  readOnly: true
{{- end }}
{{- if .Values.gpgKeys.configMapName }}
- name: gpg-public-keys
  mountPath: /etc/fluxd/gpg/public
  readOnly: true
{{- end }}
{{- if and .Values.uiOidc.issuer .Values.uiOidc.clientSecretName }}
- name: ui-oidc
  mountPath: /etc/fluxd/ui-oidc
  readOnly: true
{{- end }}
{{- if .Values.tls.secretName }}
- name: tls
  mountPath: /etc/fluxd/tls
  readOnly: true
{{- end }}
{{- if eq (include "flux.hasGenerationNetwork" .) "true" }}
- name: generation-network
  mountPath: /etc/fluxd/generation-network
  readOnly: true
{{- end }}
{{- if .Values.webhook.enabled }}
- name: webhook
  mountPath: /etc/fluxrecv
  readOnly: true
{{- end }}
{{- /* What Flux v1 found in the home of root is looked for in that of its own user here. */}}
{{- range .Values.extraVolumeMounts }}
{{- $path := .mountPath | trimSuffix "/" }}
{{- if and (hasPrefix "/root/." $path) (not (regexMatch "^/root/[.]kubectl(/|$)" $path)) }}
{{- $path = print "/home/flux" (trimPrefix "/root" $path) }}
{{- end }}
{{ list (merge (dict "mountPath" $path) .) | toYaml }}
{{- end }}
{{- end -}}
