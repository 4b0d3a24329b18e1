import { t } from 'elysia'

/** What the gateway says of itself to everybody: which services it leads to, and whether they answer. */
export const GatewayStatus = t.Object(
  {
    status: t.Union([t.Literal('ok'), t.Literal('partial')]),
    version: t.String(),
    services: t.Array(
      t.Object({ service: t.String(), prefix: t.String(), reachable: t.Boolean() }, { additionalProperties: false }),
    ),
    limits: t.Object(
      {
        anonymous_per_minute: t.Integer(),
        authenticated_per_minute: t.Integer(),
        admin_per_minute: t.Integer(),
        body_bytes: t.Integer(),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
