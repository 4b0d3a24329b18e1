import { blake3 } from '#common/engines/blake3'
import { utf8 } from '#common/stream/bytes'

/** A one-way name of the machine: BLAKE3 of its machine id under a label, as machine-id(5) asks. */
export const deviceFingerprint = (machineId: string): string => blake3(utf8(`lucid/device/v2\0${machineId}`)).toHex()
