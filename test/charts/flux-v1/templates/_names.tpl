{{- define "v1.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "v1.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "v1.name" .) .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "v1.name" .) | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "v1.labels" -}}
{ app: {{ include "v1.name" . }}, chart: {{ .Chart.Name }}-{{ .Chart.Version }}, release: {{ .Release.Name }}, heritage: {{ .Release.Service }} }
{{- end -}}

{{- define "v1.account" -}}
{{ .Values.serviceAccount.name | default (ternary (include "v1.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end -}}

{{- define "v1.role" -}}
{{ .Values.clusterRole.name | default (include "v1.fullname" .) }}
{{- end -}}

{{- define "v1.namespaces" -}}
{{ append .Values.allowedNamespaces .Release.Namespace | uniq | join "," }}
{{- end -}}
