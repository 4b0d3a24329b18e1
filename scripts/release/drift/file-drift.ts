import { type Drift, type DriftInput, makeDrift } from './drift.ts'

/** Files of a release that are gone, or hold something else than they were made with. */
export const findFileDrift = ({ facts: { deployed }, release: { id, files, support } }: DriftInput): readonly Drift[] =>
  Object.entries({
    ...Object.fromEntries(Object.entries(files).map(([name, sum]) => [`releases/${id}/${name}`, sum])),
    ...support,
  })
    .filter(([path, sum]) => deployed.sums[path] !== sum)
    .map(([path]) =>
      makeDrift(deployed.sums[path] === undefined ? 'is gone' : 'was changed by hand, or went bad on the disk', {
        kind: 'file',
        subject: `file:${path}`,
        stack: '',
      }),
    )
