import { readAt, readList, readNumber, readObject, readString, readText } from './values.ts'

/** A port of a container on the host. */
export type PortBinding = { readonly ip: string; readonly host: number; readonly target: number }

/** A network that a container is on: the id that it was attached to, its names and address there, and the host's. */
export type Attachment = {
  readonly id: string
  readonly names: readonly string[]
  readonly address: string
  readonly gateway: string
}

export type ContainerMount = { readonly type: string; readonly name: string; readonly source: string }

/** How a container was made. Limits are 0 where there is none. */
export type ContainerSettings = {
  /** As the image or Compose gives it: `65532:65532`, or empty for root. */
  readonly user: string
  readonly cpus: number
  readonly pidsLimit: number
  readonly restartPolicy: string
  readonly networkMode: string
  readonly pidMode: string
  readonly ipcMode: string
  readonly privileged: boolean
  readonly readOnlyRoot: boolean
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly securityOpt: readonly string[]
  readonly devices: number
  readonly logDriver: string
  readonly logMaxSize: string
  readonly logMaxFiles: string
  /** What it was told to publish, and what the engine has opened. */
  readonly bindings: readonly PortBinding[]
  readonly published: readonly PortBinding[]
  readonly networks: Readonly<Record<string, Attachment>>
  readonly mounts: readonly ContainerMount[]
}

const readPorts = (value: unknown): readonly PortBinding[] =>
  Object.entries(readObject(value)).flatMap(([port, bound]) =>
    readList(bound).map((one) => ({
      ip: readText(readAt(one, 'HostIp')),
      host: readNumber(readAt(one, 'HostPort')),
      target: readNumber(port),
    })),
  )

const readNetworks = (value: unknown): ContainerSettings['networks'] =>
  Object.fromEntries(
    Object.entries(readObject(value)).map(([name, network]) => [
      name,
      {
        id: readText(readAt(network, 'NetworkID')),
        names: readList(readAt(network, 'Aliases')).map(readString),
        address: readText(readAt(network, 'IPAddress')),
        gateway: readText(readAt(network, 'Gateway')),
      },
    ]),
  )

/** An engine without the limit says 0, -1 or nothing. */
const readLimit = (value: unknown): number => Math.max(0, readNumber(value))

/** Reads what CONTAINER_FORMAT prints beyond the state; a collector of an older release prints none of it. */
export const readSettings = (it: Readonly<Record<string, unknown>>): ContainerSettings => {
  const names = (key: string) => readList(it[key]).map(readString)
  const text = (key: string) => readText(it[key])
  const quota = readLimit(it['cpuQuota'])
  return {
    user: text('user'),
    cpus: readLimit(it['nanoCpus']) / 1e9 || quota / (readNumber(it['cpuPeriod']) || 100_000),
    pidsLimit: readLimit(it['pids']),
    restartPolicy: text('restartPolicy'),
    networkMode: text('networkMode'),
    pidMode: text('pidMode'),
    ipcMode: text('ipcMode'),
    privileged: it['privileged'] === true,
    readOnlyRoot: it['readOnlyRoot'] === true,
    capAdd: names('capAdd'),
    capDrop: names('capDrop'),
    securityOpt: names('securityOpt'),
    devices: readNumber(it['devices']),
    logDriver: text('logDriver'),
    logMaxSize: text('logMaxSize'),
    logMaxFiles: text('logMaxFiles'),
    bindings: readPorts(it['bindings']),
    published: readPorts(it['ports']),
    networks: readNetworks(it['networks']),
    mounts: readList(it['mounts']).map((mount) => ({
      type: readText(readAt(mount, 'Type')),
      name: readText(readAt(mount, 'Name')),
      source: readText(readAt(mount, 'Source'), 1000),
    })),
  }
}
