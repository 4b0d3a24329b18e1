import type { Random } from './random.ts'
import { type Recorder, recorders, type Work } from './recorders.ts'
import { NAME_SIZE } from './source.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CHUNK = 8 * MIB

/** A client that records one thing after another. `rate`: bytes a second. */
type Lane = { readonly recorder: Recorder; readonly rate: number; readonly size: (random: Random) => number }

const long = (random: Random): number =>
  random.pick([2 * CHUNK, CHUNK + 1, CHUNK + random.below(CHUNK), 2 * CHUNK + random.below(CHUNK)])
const short = (random: Random): number => NAME_SIZE + random.below(256 * KIB)

/** Long recordings are for kills while they stream; short ones end and are anchored all the time. */
const lanes: readonly Lane[] = [
  { recorder: recorders.file, rate: 5 * MIB, size: long },
  { recorder: recorders.stream, rate: 5 * MIB, size: long },
  { recorder: recorders.plain, rate: 5 * MIB, size: long },
  { recorder: recorders.file, rate: MIB, size: short },
  { recorder: recorders.plain, rate: MIB, size: short },
]

/** Between two recordings of a lane, and after one that failed, ms. */
const PAUSE = 100

/** Why a client gave up, for those who look for the reason of a failure. */
export type GaveUp = { readonly seed: number; readonly why: string }

/** Records on all lanes until `over`; every recording that was begun is brought to its end. */
export const recordUntil = async (
  over: () => boolean,
  work: Omit<Work, 'rate'>,
  random: Random,
): Promise<readonly GaveUp[]> => {
  const gaveUp: GaveUp[] = []
  const run = async ({ recorder, rate, size }: Lane): Promise<void> => {
    while (!over()) {
      const source = { seed: random.below(2 ** 32), size: size(random) }
      try {
        await recorder({ ...work, rate }, source)
      } catch (error) {
        gaveUp.push({ seed: source.seed, why: String(error) })
      }
      await Bun.sleep(PAUSE)
    }
  }
  await Promise.all(lanes.map(run))
  return gaveUp
}
