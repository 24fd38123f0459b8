const CHART = 'charts/web';

const CHART_FILES = {
  [`${CHART}/Chart.yaml`]: 'apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 1.0.0\n',
  [`${CHART}/values.yaml`]: `replicas: 0
image:
  repository: example.org/team/web
  tag: 1.0.0
settings: {}
service:
  enabled: true
  port: 80
`,
  [`${CHART}/templates/_helpers.tpl`]: `{{- define "web.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
`,
  [`${CHART}/templates/deployment.yaml`]: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app: {{ .Release.Name }}
  template:
    metadata:
      labels:
        app: {{ .Release.Name }}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          envFrom:
            - configMapRef:
                name: {{ .Release.Name }}
`,
  [`${CHART}/templates/settings.yaml`]: `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "web.labels" . | nindent 4 }}
data:
  {{- range $name, $value := .Values.settings }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
`,
  [`${CHART}/templates/service.yaml`]: `{{- if .Values.service.enabled }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "web.labels" . | nindent 4 }}
spec:
  selector:
    app: {{ .Release.Name }}
  ports:
    - port: {{ .Values.service.port }}
{{- end }}
`,
};

export interface ChartReleases {
  readonly files: Readonly<Record<string, string>>;
  readonly chart: string;
  /** The folder of each release. */
  readonly folders: readonly string[];
  readonly objectsEach: number;
}

/** Releases of one chart, each of three objects and with values of its own. */
export function chartReleases(count: number): ChartReleases {
  const files: Record<string, string> = { ...CHART_FILES };
  const folders = Array.from({ length: count }, (_, release) => `releases/release-${release}`);
  for (const [release, folder] of folders.entries()) {
    files[`${folder}/.flux.yaml`] =
      `version: 1\nhelm:\n  chart: ../../${CHART}\n  namespace: charts\n  valuesFiles: [values.yaml]\n`;
    files[`${folder}/values.yaml`] = `image:\n  tag: 1.1.${release}\nsettings:\n  team: team-${release % 7}\n`;
  }
  return { files, chart: CHART, folders, objectsEach: 3 };
}
