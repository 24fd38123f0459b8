{{/* --name=value, and nothing where the value is not set. */}}
{{- define "flux.flag" -}}
{{- $value := index . 1 -}}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end -}}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
- {{ printf "--%s=%v" (index . 0) $value | quote }}
{{- end -}}
{{- end -}}

{{/* --name=true, and nothing where it is not. */}}
{{- define "flux.switch" -}}
{{- if index . 1 }}
- "--{{ index . 0 }}=true"
{{- end -}}
{{- end -}}

{{/* A number as it was written: Helm reads large ones as 4.711e+06. */}}
{{- define "flux.number" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* The arguments of fluxd, in the order of Flux v1's chart. */}}
{{- define "flux.arguments" -}}
{{- $git := .Values.git -}}
{{- $registry := .Values.registry -}}
{{- $gpg := list -}}
{{- if .Values.gpgKeys.secretName }}{{ $gpg = append $gpg "/etc/fluxd/gpg/private" }}{{ end -}}
{{- if .Values.gpgKeys.configMapName }}{{ $gpg = append $gpg "/etc/fluxd/gpg/public" }}{{ end -}}
{{- include "flux.flag" (list "k8s-allow-namespace" (include "flux.allowedNamespaces" . | fromJson).list) }}
{{- include "flux.flag" (list "k8s-default-namespace" .Values.defaultNamespace) }}
{{- include "flux.flag" (list "log-format" .Values.logFormat) }}
{{- include "flux.flag" (list "ssh-keygen-type" .Values.ssh.keygen.type) }}
{{- include "flux.flag" (list "ssh-keygen-bits" (default "" .Values.ssh.keygen.bits)) }}
{{- include "flux.flag" (list "ssh-keygen-format" .Values.ssh.keygen.format) }}
{{- include "flux.flag" (list "k8s-secret-name" (include "flux.gitSecretName" .)) }}
{{- include "flux.flag" (list "k8s-secret-data-key" $git.secretDataKey) }}
{{- include "flux.flag" (list "sync-state" .Values.sync.state) }}
{{- include "flux.flag" (list "sync-timeout" .Values.sync.timeout) }}
{{- include "flux.flag" (list "git-url" $git.url) }}
{{- include "flux.flag" (ternary (list "git-ref" $git.ref) (list "git-branch" $git.branch) (not (empty $git.ref))) }}
{{- include "flux.flag" (list "git-path" $git.path) }}
{{- if $git.token.secretName }}
- {{ printf "--git-token-file=/etc/fluxd/git-token/%s" $git.token.key | quote }}
{{- include "flux.flag" (list "git-token-type" $git.token.type) }}
{{- end }}
{{- if $git.githubApp.secretName }}
{{- include "flux.flag" (list "git-github-app-id" (include "flux.number" $git.githubApp.id)) }}
{{- include "flux.flag" (list "git-github-app-installation-id" (include "flux.number" $git.githubApp.installationId)) }}
- {{ printf "--git-github-app-private-key-file=/etc/fluxd/github-app/%s" $git.githubApp.key | quote }}
{{- include "flux.flag" (list "git-github-api" $git.githubApp.api) }}
{{- end }}
{{- include "flux.flag" (list "git-push-branch" $git.pushBranch) }}
{{- include "flux.switch" (list "git-push-branch-releases" $git.pushBranchReleases) }}
{{- with $git.pullRequests }}
{{- include "flux.flag" (list "pull-request" .host) }}
{{- include "flux.flag" (list "pull-request-api-url" .apiUrl) }}
{{- if .secretName }}
- {{ printf "--pull-request-token-file=/etc/fluxd/pull-request-token/%s" .key | quote }}
{{- end }}
{{- include "flux.flag" (list "pull-request-per" .per) }}
{{- include "flux.flag" (list "pull-request-labels" (join "," .labels)) }}
{{- include "flux.flag" (list "pull-request-reviewers" (join "," .reviewers)) }}
{{- include "flux.switch" (list "pull-request-auto-merge" .autoMerge) }}
{{- if .templateConfigMapName }}
- "--pull-request-template=/etc/fluxd/pull-request-template/template.md"
{{- end }}
{{- end }}
{{- if $git.tls.caConfigMapName }}
- "--git-ca-file=/etc/fluxd/git-ca/ca.crt"
{{- end }}
{{- if $git.tls.secretName }}
- "--git-tls-cert-file=/etc/fluxd/git-tls/tls.crt"
- "--git-tls-key-file=/etc/fluxd/git-tls/tls.key"
{{- end }}
{{- include "flux.switch" (list "git-readonly" $git.readonly) }}
{{- include "flux.flag" (list "git-user" $git.user) }}
{{- include "flux.flag" (list "git-email" $git.email) }}
{{- include "flux.flag" (list "git-gpg-key-import" $gpg) }}
{{- $sshKey := and $git.signingKeySecret.name (print "/etc/fluxd/signing/" $git.signingKeySecret.key) }}
{{- include "flux.flag" (list "git-signing-key" (default $sshKey $git.signingKey)) }}
{{- include "flux.flag" (list "git-signing-format" (default (ternary "ssh" "" (not (empty $sshKey))) $git.signingFormat)) }}
{{- include "flux.flag" (list "git-verify-signatures-mode" (default (ternary "all" "" (default false $git.verifySignatures)) $git.verifySignaturesMode)) }}
{{- if $git.allowedSigners.configMapName }}
{{- include "flux.flag" (list "git-allowed-signers-file" (print "/etc/fluxd/allowed-signers/" $git.allowedSigners.key)) }}
{{- end }}
{{- include "flux.switch" (list "git-set-author" $git.setAuthor) }}
{{- include "flux.switch" (list "git-secret" $git.secret.enabled) }}
{{- include "flux.flag" (list "git-poll-interval" $git.pollInterval) }}
{{- include "flux.flag" (list "git-timeout" $git.timeout) }}
{{- include "flux.flag" (list "sync-interval" (default $git.pollInterval .Values.sync.interval)) }}
{{- include "flux.switch" (list "sync-change-cause" .Values.sync.changeCause) }}
{{- include "flux.switch" (list "git-ci-skip" $git.ciSkip) }}
{{- include "flux.flag" (list "git-label" $git.label) }}
{{- include "flux.switch" (list "sops" .Values.sops.enabled) }}
{{- include "flux.flag" (list "substitute-from" .Values.substitution.from) }}
{{- include "flux.switch" (list "substitute-optional" .Values.substitution.optional) }}
{{- if .Values.sops.enabled }}
{{- if .Values.sops.ageKeySecret.name }}
{{- include "flux.flag" (list "sops-age-key-file" (print "/etc/fluxd/sops/age/" .Values.sops.ageKeySecret.key)) }}
{{- end }}
{{- include "flux.flag" (list "sops-allow-key-service" .Values.sops.allowKeyServices) }}
{{- end }}
{{- if eq (toString .Values.kustomize) "auto" }}
- "--kustomize=auto"
{{- end }}
{{- include "flux.switch" (list "manifest-generation" .Values.manifestGeneration) }}
{{- if .Values.manifestGeneration }}
{{- include "flux.flag" (list "generation-env" .Values.generation.env) }}
{{- end }}
{{- if eq (include "flux.hasGenerationNetwork" .) "true" }}
{{- include "flux.flag" (list "generation-network" .Values.generation.network.paths) }}
- "--generation-network-address={{ include "flux.generationNetworkName" . }}.{{ .Release.Namespace }}.svc:3032"
{{- end }}
{{- include "flux.flag" (list "automation-interval" (default $registry.automationInterval $registry.pollInterval)) }}
{{- include "flux.flag" (list "registry-rps" $registry.rps) }}
{{- include "flux.flag" (list "registry-burst" $registry.burst) }}
{{- include "flux.switch" (list "registry-trace" $registry.trace) }}
{{- include "flux.flag" (list "registry-require" (ternary "ecr" "" (default false $registry.ecr.require))) }}
{{- include "flux.flag" (list "registry-insecure-host" $registry.insecureHosts) }}
{{- include "flux.flag" (list "helm-internal-host" $registry.internalChartHosts) }}
{{- include "flux.flag" (list "registry-cache" $registry.cache.store) }}
{{- if $registry.cache.secretName }}
- {{ printf "--registry-cache-key-file=/etc/fluxd/registry-cache/%s" $registry.cache.key | quote }}
{{- end }}
{{- include "flux.switch" (list "registry-disable-scanning" $registry.disableScanning) }}
{{- include "flux.flag" (list "registry-exclude-image" $registry.excludeImage) }}
{{- include "flux.flag" (list "registry-include-image" $registry.includeImage) }}
{{- include "flux.flag" (list "registry-use-labels" $registry.useTimestampLabels) }}
{{- include "flux.flag" (list "registry-ecr-region" $registry.ecr.region) }}
{{- include "flux.flag" (list "registry-ecr-include-id" $registry.ecr.includeId) }}
{{- include "flux.flag" (list "registry-ecr-exclude-id" $registry.ecr.excludeId) }}
{{- include "flux.flag" (list "registry-verify" $registry.verify.policies) }}
{{- include "flux.flag" (list "registry-verify-keys" (ternary "/etc/fluxd/image-keys" "" (not (empty $registry.verify.keysSecretName)))) }}
{{- include "flux.flag" (list "registry-verify-trust-root" (ternary "/etc/fluxd/trust-root/trusted_root.json" "" (not (empty $registry.verify.trustRootConfigMapName)))) }}
{{- include "flux.flag" (list "docker-config" (ternary $registry.dockercfg.configFileName "" (default false $registry.dockercfg.enabled))) }}
{{- include "flux.switch" (list "sync-garbage-collection-dry" .Values.syncGarbageCollection.dry) }}
{{- include "flux.switch" (list "sync-garbage-collection" (and .Values.syncGarbageCollection.enabled (not .Values.syncGarbageCollection.dry))) }}
{{- if or .Values.syncGarbageCollection.enabled .Values.syncGarbageCollection.dry }}
{{- include "flux.flag" (list "sync-garbage-collection-limit" .Values.syncGarbageCollection.limit) }}
{{- end }}
{{- if ne .Values.ui "read-only" }}
{{- include "flux.flag" (list "ui" .Values.ui) }}
{{- end }}
{{- with .Values.uiOidc }}
{{- if .issuer }}
{{- include "flux.flag" (list "ui-oidc-issuer" .issuer) }}
{{- include "flux.flag" (list "ui-oidc-client-id" .clientId) }}
{{- include "flux.flag" (list "ui-oidc-username-prefix" .usernamePrefix) }}
{{- include "flux.flag" (list "ui-oidc-groups-prefix" .groupsPrefix) }}
{{- if .clientSecretName }}
- "--ui-oidc-client-secret-file=/etc/fluxd/ui-oidc/client-secret"
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.tls.secretName }}
- "--tls-cert-file=/etc/fluxd/tls/tls.crt"
- "--tls-private-key-file=/etc/fluxd/tls/tls.key"
{{- end }}
{{- if .Values.webhook.enabled }}
- "--webhook-listen=:8080"
- "--webhook-config=/etc/fluxrecv/fluxrecv.yaml"
{{- end }}
{{- range .Values.additionalArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
