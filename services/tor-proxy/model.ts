import { t } from 'elysia'

/** The onions of this host. Addresses are no secret; keys never leave the data folder. */
export const Onions = t.Object(
  {
    onions: t.Record(
      t.String(),
      t.Object({ address: t.String(), uploads: t.Integer() }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
)
