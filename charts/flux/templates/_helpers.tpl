{{/* Names and labels are those of the chart of Flux v1: an upgrade finds the objects it made. */}}

{{- define "flux.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "flux.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Without the defaults of this chart the pod would lose its security context, silently. */}}
{{- define "flux.requireDefaults" -}}
{{- if not .Values.webhook -}}
{{- fail "the values of the release were reused without the defaults of this chart: give --reset-then-reuse-values in place of --reuse-values" -}}
{{- end -}}
{{- end -}}

{{/* A selector cannot be changed once it is there. */}}
{{- define "flux.selectorLabels" -}}
{{- if .Values.selectorLabels -}}
{{- toYaml .Values.selectorLabels -}}
{{- else -}}
app: {{ include "flux.name" . }}
release: {{ .Release.Name }}
{{- end -}}
{{- end -}}

{{- define "flux.labels" -}}
{{ include "flux.selectorLabels" . }}
{{- if not .Values.selectorLabels }}
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
heritage: {{ .Release.Service }}
{{- end }}
app.kubernetes.io/name: flux
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "flux.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "flux.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "flux.clusterRoleName" -}}
{{- default (include "flux.fullname" .) .Values.clusterRole.name -}}
{{- end -}}

{{- define "flux.gitSecretName" -}}
{{- default (printf "%s-git-deploy" (include "flux.fullname" .)) .Values.git.secretName -}}
{{- end -}}

{{- define "flux.gitConfigSecretName" -}}
{{- default (printf "%s-git-config" (include "flux.fullname" .)) .Values.git.config.secretName -}}
{{- end -}}

{{/* Values of Flux v1 name its image, which is another program. */}}
{{- define "flux.isFluxV1Image" -}}
{{- regexMatch "^((index\\.)?docker\\.io/)?(fluxcd|weaveworks)/flux(-prerelease)?$" (default "" .Values.image.repository) -}}
{{- end -}}

{{- define "flux.image" -}}
{{- if eq (include "flux.isFluxV1Image" .) "true" -}}
localhost/fluxd:{{ .Chart.AppVersion }}
{{- else -}}
{{ default "localhost/fluxd" .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "flux.rbacProfile" -}}
{{- if .Values.rbac.profile -}}
{{- .Values.rbac.profile -}}
{{- else if .Values.clusterRole.create -}}
cluster
{{- else -}}
namespaced
{{- end -}}
{{- end -}}

{{/* The namespaces that Flux keeps to, as JSON {"list": …}; empty for all. */}}
{{- define "flux.allowedNamespaces" -}}
{{- if eq (include "flux.rbacProfile" .) "namespaced" -}}
{{- dict "list" (append (default list .Values.allowedNamespaces) .Release.Namespace | uniq) | toJson -}}
{{- else -}}
{{- dict "list" list | toJson -}}
{{- end -}}
{{- end -}}

{{/* What Flux may do with the objects that Git holds: docs/rights.md. */}}
{{- define "flux.rulesOfKinds" -}}
{{- if .Values.rbac.rules -}}
{{- toYaml .Values.rbac.rules -}}
{{- else -}}
- apiGroups: ["*"]
  resources: ["*"]
  verbs: [get, list, watch{{ if ne (include "flux.rbacProfile" .) "readonly" }}, create, patch, delete{{ end }}]
{{- end -}}
{{- end -}}

{{- define "flux.rulesOfEvents" -}}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- /* Where the clouds give out credentials. GKE serves workload identity at an address of its own, to which packets are redirected. */}}
{{- define "flux.metadata" -}}
aws:
  - { cidr: 169.254.169.254/32, ports: [80] }
aws-pod-identity:
  - { cidr: 169.254.170.23/32, ports: [80] }
  - { cidr: "fd00:ec2::23/128", ports: [80] }
azure:
  - { cidr: 169.254.169.254/32, ports: [80] }
google:
  - { cidr: 169.254.169.254/32, ports: [80] }
  - { cidr: 169.254.169.252/32, ports: [988] }
{{- end -}}
