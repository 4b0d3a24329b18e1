import type { Random } from './random.ts'
import { type Recorder, recorders, type Work } from './recorders.ts'
import { NAME_SIZE } from './source.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CHUNK = 8 * MIB

/** Clients that record one after another, in this order again and again. `rate`: bytes a second, `pause`: ms between. */
type Lane = {
  readonly recorders: readonly Recorder[]
  readonly rate: number
  readonly pause: number
  readonly size: (random: Random) => number
}

const long = (random: Random): number =>
  random.pick([2 * CHUNK, CHUNK + 1, 3 * CHUNK, 2 * CHUNK + random.below(2 * CHUNK), 4 * CHUNK])
const short = (random: Random): number => NAME_SIZE + random.below(256 * KIB)

/** Long recordings are for kills while they stream; short ones end and are anchored all the time. */
const lanes: readonly Lane[] = [
  { recorders: [recorders.file], rate: 5 * MIB, pause: 100, size: long },
  { recorders: [recorders.stream], rate: 5 * MIB, pause: 100, size: long },
  { recorders: [recorders.plain, recorders.leaver], rate: 5 * MIB, pause: 100, size: long },
  { recorders: [recorders.file, recorders.plain, recorders.stream], rate: MIB, pause: 400, size: short },
]

/** Why a client gave up, for those who look for the reason of a failure. */
export type GaveUp = { readonly seed: number; readonly why: string }

/** Records on all lanes until `over`; every recording that was begun is brought to its end. */
export const recordUntil = async (
  over: () => boolean,
  work: Omit<Work, 'rate'>,
  random: Random,
): Promise<readonly GaveUp[]> => {
  const gaveUp: GaveUp[] = []
  const run = async ({ recorders: order, rate, pause, size }: Lane): Promise<void> => {
    for (let nth = 0; !over(); nth++) {
      const recorder = order[nth % order.length] ?? recorders.file
      const source = { seed: random.below(2 ** 32), size: size(random) }
      try {
        await recorder({ ...work, rate }, source)
      } catch (error) {
        gaveUp.push({ seed: source.seed, why: String(error) })
      }
      await Bun.sleep(pause)
    }
  }
  await Promise.all(lanes.map(run))
  return gaveUp
}
