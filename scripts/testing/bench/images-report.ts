import { duration } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { platforms } from '../../images/format/platform.ts'
import type { ImagesResult } from './images.ts'
import { words } from './report.ts'

const megabytes = (count: number): string => `${(count / 1e6).toFixed(2)} MB`

const times = (ms: readonly number[]): string => ms.map(duration).join(', ')

/** The result for people. Sizes are decimal megabytes of compressed bytes, as a registry stores them. */
export const imagesReport = (result: ImagesResult, style: Style): Text => {
  const { fresh_ms, unchanged_ms, changed, identical, images, unique, app } = result
  const largest = Object.entries(app).toSorted(([, a], [, b]) => b - a)
  return text(
    [
      table(
        words('what', 'target', 'measured'),
        [
          [`${images} images x ${Object.keys(unique).length} platforms, nothing built`, '30 s', times(fresh_ms)],
          ['nothing changed', '2 s', times(unchanged_ms)],
          [`a line of ${changed.service} changed`, '4 s', duration(changed.ms)],
          ['to ship after it, one platform', '-', megabytes(changed.bytes)],
          ...Object.keys(platforms).map((platform) => [
            `all images of ${platform}`,
            '65 MB',
            megabytes(unique[platform] ?? 0),
          ]),
          [`largest app layer (${largest[0]?.[0]})`, '1 MB', megabytes(largest[0]?.[1] ?? 0)],
          ['equal digests in another folder, time zone and cache', `${images}`, `${identical}`],
        ],
        style,
      ),
      'NOT RUN: the same services by two-stage Dockerfiles and BuildKit: these start FROM an image of a registry, and this measures without one',
    ],
    style,
  )
}
