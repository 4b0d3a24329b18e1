import { blake3 } from '#common/engines/blake3'
import { utf8 } from '#common/stream/bytes'

/** A stable, one-way name of the recording machine: BLAKE3 of its machine id, host name and architecture. */
export const deviceFingerprint = (machine: {
  readonly machineId: string
  readonly hostname: string
  readonly arch: string
}): string =>
  blake3(utf8(['lucid/device/v1', machine.machineId, machine.hostname, machine.arch].join('\0'))).toHex()
