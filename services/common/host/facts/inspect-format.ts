/**
 * The one question to `docker inspect`, as a template for `--format` that prints a container as one line of JSON, without its
 * environment. `health/facts.sh`, which runs where there is no TypeScript, holds the same words; a test compares them.
 */

const label = (name: string): string => `{{json (index .Config.Labels "${name}")}}`

/** What a container is doing: all that a gate asks again and again. */
const state = [
  '"id":{{json .ID}}',
  '"name":{{json .Name}}',
  `"project":${label('com.docker.compose.project')}`,
  `"service":${label('com.docker.compose.service')}`,
  `"oneoff":${label('com.docker.compose.oneoff')}`,
  `"configHash":${label('com.docker.compose.config-hash')}`,
  `"stage":${label('org.lucid.stage')}`,
  '"image":{{json .Config.Image}}',
  '"imageId":{{json .Image}}',
  '"memory":{{json .HostConfig.Memory}}',
  '"restarts":{{json .RestartCount}}',
  '"status":{{json .State.Status}}',
  '"exitCode":{{json .State.ExitCode}}',
  '"oomKilled":{{json .State.OOMKilled}}',
  '"error":{{json .State.Error}}',
  '"startedAt":{{json .State.StartedAt}}',
  '"finishedAt":{{json .State.FinishedAt}}',
].join(',')

const HEALTH_STATE = '"status":{{json .Status}},"streak":{{json .FailingStreak}}'
const CHECKS =
  '"log":[{{range $i, $l := .Log}}{{if $i}},{{end}}{{json $l.Output}}{{end}}],"codes":[{{range $i, $l := .Log}}{{if $i}},{{end}}{{json $l.ExitCode}}{{end}}]'

const health = (fields: string): string => `"health":{{with .State.Health}}{${fields}}{{else}}null{{end}}`

/** How it was made: limits, rights, networks, mounts. */
const settings = [
  '"user":{{json .Config.User}}',
  '"nanoCpus":{{json .HostConfig.NanoCPUs}}',
  '"cpuQuota":{{json .HostConfig.CPUQuota}}',
  '"cpuPeriod":{{json .HostConfig.CPUPeriod}}',
  '"pids":{{json .HostConfig.PidsLimit}}',
  '"restartPolicy":{{json .HostConfig.RestartPolicy.Name}}',
  '"networkMode":{{json .HostConfig.NetworkMode}}',
  '"pidMode":{{json .HostConfig.PidMode}}',
  '"ipcMode":{{json .HostConfig.IpcMode}}',
  '"privileged":{{json .HostConfig.Privileged}}',
  '"readOnlyRoot":{{json .HostConfig.ReadonlyRootfs}}',
  '"capAdd":{{json .HostConfig.CapAdd}}',
  '"capDrop":{{json .HostConfig.CapDrop}}',
  '"securityOpt":{{json .HostConfig.SecurityOpt}}',
  '"devices":{{len .HostConfig.Devices}}',
  '"logDriver":{{json .HostConfig.LogConfig.Type}}',
  '"logMaxSize":{{json (index .HostConfig.LogConfig.Config "max-size")}}',
  '"logMaxFiles":{{json (index .HostConfig.LogConfig.Config "max-file")}}',
  '"bindings":{{json .HostConfig.PortBindings}}',
  '"ports":{{json .NetworkSettings.Ports}}',
  '"networks":{{json .NetworkSettings.Networks}}',
  '"mounts":{{json .Mounts}}',
].join(',')

/** State alone, without what health checks printed. */
export const STATE_FORMAT = `{${state},${health(HEALTH_STATE)}}`

/** Everything that is read of a container. */
export const CONTAINER_FORMAT = `{${state},${settings},${health(`${HEALTH_STATE},${CHECKS}`)}}`
