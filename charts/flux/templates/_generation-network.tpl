{{/* Nothing of it is there unless folders are listed. */}}
{{- define "flux.hasGenerationNetwork" -}}
{{- if and .Values.manifestGeneration ((.Values.generation).network).paths }}true{{ end -}}
{{- end -}}

{{- define "flux.generationNetworkName" -}}
{{- printf "%s-generation-network" (include "flux.fullname" . | trunc 44 | trimSuffix "-") -}}
{{- end -}}

{{/* Without the labels of fluxd: its Service, NetworkPolicy and Deployment do not select this pod. */}}
{{- define "flux.labelsOfGenerationNetwork" -}}
app: {{ include "flux.generationNetworkName" . }}
app.kubernetes.io/name: flux
app.kubernetes.io/component: generation-network
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{/* Addresses that are not of the internet, as in src/base/http/network.ts, and their like of IPv6 that lead to them (NAT64). */}}
{{- define "flux.internalAddresses" -}}
- 0.0.0.0/8
- 10.0.0.0/8
- 100.64.0.0/10
- 127.0.0.0/8
- 168.63.129.16/32
- 169.254.0.0/16
- 172.16.0.0/12
- 192.0.0.0/24
- 192.168.0.0/16
- 198.18.0.0/15
- 224.0.0.0/3
- "::/96"
- "64:ff9b::/104"
- "64:ff9b::a00:0/104"
- "64:ff9b::6440:0/106"
- "64:ff9b::7f00:0/104"
- "64:ff9b::a83f:8110/128"
- "64:ff9b::a9fe:0/112"
- "64:ff9b::ac10:0/108"
- "64:ff9b::c000:0/120"
- "64:ff9b::c0a8:0/112"
- "64:ff9b::c612:0/111"
- "64:ff9b::e000:0/99"
- "64:ff9b:1::/48"
- "2001::/32"
- "2002::/16"
- "fc00::/7"
- "fe80::/10"
- "fec0::/10"
- "ff00::/8"
{{- end -}}
