import type { Lease } from '../../host/lease.ts'
import { ask, type Patience } from './ask.ts'
import { BLOBS } from './blobs.ts'
import type { RequiredBlob } from './send-blobs.ts'

const WRONG = 'lucid-wrong'

/** Removes blobs that are another content by now (a failing disk, a power cut), as the engine found; how many. */
export const removeDamaged = async (
  lease: Lease,
  blobs: readonly RequiredBlob[],
  patience: Patience = {},
): Promise<number> => {
  if (blobs.length === 0) return 0
  const { out } = await ask(
    lease,
    [
      `cd ${BLOBS} || exit 1`,
      `check() { [ ! -e "$1" ] || { said=$(sha256sum "$1"); [ "\${said%% *}" = "$1" ]; } || { rm -f "$1"; echo ${WRONG}; }; }`,
      ...blobs.map(({ hex }) => `check ${hex}`),
    ].join('\n'),
    patience,
  )
  return out.split('\n').filter((one) => one.trim() === WRONG).length
}
