import { CliError } from '../cli/fail.ts'

type Binding = { readonly HostIp: string; readonly HostPort: string }

/** The parts of `docker inspect` that are judged: no environment, for it may hold what nobody shall read. */
export type Inspected = {
  readonly name: string
  readonly image: string
  readonly user: string
  readonly restarts: number
  readonly state: {
    readonly Status: string
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly StartedAt: string
    readonly Health?: { readonly Status: string } | null
  }
  readonly host: {
    readonly ReadonlyRootfs: boolean
    readonly Privileged: boolean
    readonly CapAdd: readonly string[] | null
    readonly CapDrop: readonly string[] | null
    readonly SecurityOpt: readonly string[] | null
    readonly Memory: number
    readonly NanoCpus: number
    readonly PidsLimit: number | null
    readonly NetworkMode: string
    readonly PidMode: string
    readonly IpcMode: string
    readonly UTSMode: string
    readonly Devices: readonly unknown[] | null
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> | null }
  }
  readonly ports: Readonly<Record<string, readonly Binding[] | null>> | null
  readonly networks: Readonly<Record<string, { readonly IPAddress: string; readonly Gateway: string }>> | null
  /** Paths of the host that are mounted, and volumes by name. */
  readonly mounts: readonly { readonly Type: string; readonly Source?: string; readonly RW: boolean }[]
}

/** One line of JSON a container, for `docker inspect --format`. */
export const INSPECT_FORMAT =
  '{"name":{{json .Name}},"image":{{json .Config.Image}},"user":{{json .Config.User}},"restarts":{{.RestartCount}},' +
  '"state":{"Status":{{json .State.Status}},"ExitCode":{{.State.ExitCode}},"OOMKilled":{{.State.OOMKilled}},' +
  '"StartedAt":{{json .State.StartedAt}}{{if .State.Health}},"Health":{"Status":{{json .State.Health.Status}}}{{end}}},' +
  '"host":{{json .HostConfig}},"ports":{{json .NetworkSettings.Ports}},"networks":{{json .NetworkSettings.Networks}},' +
  '"mounts":{{json .Mounts}}}'

/** Reads lines of INSPECT_FORMAT, by name of the container. Throws CliError on a line that is none. */
export const readInspected = (text: string, host: string): ReadonlyMap<string, Inspected> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => {
        try {
          const one = JSON.parse(line) as Inspected // made by INSPECT_FORMAT
          return [one.name.replace(/^\//, ''), one] as const
        } catch (cause) {
          throw new CliError(`${host}: its engine's answer cannot be read`, { cause })
        }
      }),
  )
