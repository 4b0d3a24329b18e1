import { CliError } from '../../cli/fail.ts'
import type { ScriptResult } from '../../host/shell.ts'
import type { ContainerState } from '../run/gate-rules.ts'

/** One line of JSON a container, for `docker inspect --format`. Without the health check's output, which nobody reads here. */
export const STATE_FORMAT =
  '{"name":{{json .Name}},"status":{{json .State.Status}},"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}""{{end}},"streak":{{if .State.Health}}{{.State.Health.FailingStreak}}{{else}}0{{end}},' +
  '"exit":{{.State.ExitCode}},"oom":{{.State.OOMKilled}},"restarts":{{.RestartCount}},"started":{{json .State.StartedAt}},' +
  '"image":{{json .Config.Image}},"id":{{json .Image}}}'

type Line = {
  readonly name: string
  readonly status: string
  readonly health: string
  readonly streak: number
  readonly exit: number
  readonly oom: boolean
  readonly restarts: number
  readonly started: string
  readonly image: string
  readonly id: string
}

/** Reads what the engine answered; containers that do not exist are left out. Throws CliError when the engine did not answer. */
export const parseStates = ({ code, out, err }: ScriptResult, host: string): readonly ContainerState[] => {
  const complaints = err
    .split('\n')
    .filter((one) => one.trim() !== '' && !/no such (?:object|container)/i.test(one))
  if (code !== 0 && complaints.length > 0) throw new CliError(`${host}: ${complaints.at(-1)}`)
  return out
    .split('\n')
    .filter((one) => one.startsWith('{'))
    .map((text) => {
      const { name, status, health, streak, exit, oom, restarts, started, image, id } = JSON.parse(
        text,
      ) as Line // made by STATE_FORMAT
      return {
        container: name.replace(/^\//, ''),
        status,
        // An engine calls what was paused unhealthy until its next check, with no check that failed.
        health: health === 'unhealthy' && streak === 0 ? 'starting' : health,
        exitCode: exit,
        oomKilled: oom,
        restarts,
        startedAt: started,
        image,
        imageId: id,
      }
    })
}
