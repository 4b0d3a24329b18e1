import { blake3 } from '#common/engines/blake3'
import { utf8 } from '#common/stream/bytes'

/**
 * A stable, one-way name of the recording machine: BLAKE3 of its machine id under a label, as machine-id(5) asks of who
 * shows one to others. Nothing that a container or a new host name changes is in it.
 */
export const deviceFingerprint = (machineId: string): string => blake3(utf8(`lucid/device/v2\0${machineId}`)).toHex()
